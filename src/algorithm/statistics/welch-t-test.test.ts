import { expect, test } from "vitest";
import { twoSidedP } from "./student-t.ts";
import { welchTTest } from "./welch-t-test.ts";

/**
 * [t, degrees of freedom, p] by `2 * scipy.stats.t.sf(t, df)` of SciPy 1.17.1, at p near 0.99,
 * 0.5, 0.05, 1e-3, 1e-6 and 1e-12.
 */
const reference: readonly (readonly [t: number, degreesOfFreedom: number, p: number])[] = [
  [0.0157093, 1, 0.989999971565178],
  [1.0, 1, 0.5000000000000001],
  [12.7062, 1, 0.0500000185607104],
  [636.619, 1, 0.0010000003907648224],
  [636620.0, 1, 9.999996424351383e-7],
  [636620000000.0, 1, 9.999996424359608e-13],
  [0.0149979, 1.3, 0.9899999951525817],
  [0.909518, 1.3, 0.49999982140630644],
  [7.50053, 1.3, 0.04999999424753016],
  [153.266, 1.3, 0.0009999990905415746],
  [31127.6, 1.3, 1.000001692099348e-6],
  [1283900000.0, 1.3, 9.999988595801659e-13],
  [0.0141428, 2, 0.9900000302480003],
  [0.816497, 2, 0.49999980752880513],
  [4.30265, 2, 0.05000005876450579],
  [31.5991, 2, 0.000999997129322585],
  [999.999, 2, 1.0000004999995e-6],
  [1000000.0, 2, 9.999999999985001e-13],
  [0.0138201, 2.5, 0.9899999801541174],
  [0.785014, 2.5, 0.4999998440023192],
  [3.57465, 2.5, 0.05000014750468512],
  [18.2779, 2.5, 0.0009999991199125234],
  [290.523, 2.5, 1.0000005300579106e-6],
  [72976.9, 2.5, 1.0000011722350018e-12],
  [0.0133995, 3.7, 0.9900000237522243],
  [0.746485, 3.7, 0.5000000823774914],
  [2.86752, 3.7, 0.050000033748909226],
  [9.47424, 3.7, 0.001000000051800224],
  [62.2908, 3.7, 9.999983983730815e-7],
  [2607.45, 3.7, 9.99999286647417e-13],
  [0.0128858, 9, 0.9900000270295309],
  [0.702722, 9, 0.5000000871948418],
  [2.26216, 9, 0.04999976813462673],
  [4.78091, 9, 0.0010000036115882449],
  [11.6368, 9, 9.99986888092649e-7],
  [55.5434, 9, 1.0000071778820967e-12],
  [0.0127698, 13.37, 0.9900000390780631],
  [0.693282, 13.37, 0.4999997547053316],
  [2.15431, 13.37, 0.04999971946468394],
  [4.1894, 13.37, 0.0009999936922323082],
  [8.45116, 13.37, 9.999962076480775e-7],
  [25.4922, 13.37, 1.000002673928174e-12],
  [0.0127087, 18, 0.9899999983153519],
  [0.688364, 18, 0.49999988102310505],
  [2.10092, 18, 0.05000019988106725],
  [3.92165, 18, 0.000999990697250932],
  [7.23206, 18, 9.999978003886543e-7],
  [17.4503, 18, 9.999962844786235e-13],
  [0.0125991, 47.9, 0.9899999689877632],
  [0.679646, 47.9, 0.5000001000855345],
  [2.01074, 47.9, 0.05000035064796889],
  [3.50554, 47.9, 0.0010000050837061971],
  [5.60668, 47.9, 9.999870292022437e-7],
  [9.59014, 47.9, 9.99983678351453e-13],
  [0.0125366, 1000.25, 0.9900000023734892],
  [0.674735, 1000.25, 0.5000000655813709],
  [1.96234, 1000.25, 0.04999982363944315],
  [3.30028, 1000.25, 0.0010000007172799009],
  [4.92228, 1000.25, 1.0000090865564808e-6],
  [7.22393, 1000.25, 1.0000067931046197e-12],
  [0.0125335, 100000.0, 0.9900000006755176],
  [0.674492, 100000.0, 0.500000129368179],
  [1.95999, 100000.0, 0.04999973204239264],
  [3.29062, 100000.0, 0.001000014328068191],
  [4.89194, 100000.0, 1.0000169737293286e-6],
  [7.13143, 100000.0, 1.000008261776478e-12],
];

test.each(reference)("P(|T| >= %d) with %d degrees of freedom is %d", (t, degreesOfFreedom, p) => {
  expect(Math.abs(twoSidedP(t, degreesOfFreedom) / p - 1)).toBeLessThan(1e-9);
  expect(twoSidedP(-t, degreesOfFreedom)).toBe(twoSidedP(t, degreesOfFreedom));
});

test("the ends of the distribution are exact", () => {
  expect(twoSidedP(0, 7.5)).toBe(1);
  expect(twoSidedP(Infinity, 3)).toBe(0);
  expect(twoSidedP(-Infinity, 3)).toBe(0);
  expect(twoSidedP(Number.NaN, 3)).toBeNaN();
});

test("p falls as t grows, without a step where the two fractions meet", () => {
  for (const degreesOfFreedom of [1, 1.7, 6, 30.5, 2000]) {
    let last = 1;
    for (let t = 0.01; t < 20; t += 0.01) {
      const p = twoSidedP(t, degreesOfFreedom);
      expect(p).toBeLessThan(last);
      expect(last - p).toBeLessThan(0.01);
      last = p;
    }
  }
});

/** By `scipy.stats.ttest_ind(first, second, equal_var=False)` of SciPy 1.17.1. */
const samples = [
  {
    first: [1, 2, 3, 4, 5],
    second: [2, 3, 4, 5, 9],
    t: -1.1428571428571426,
    p: 0.2937254912355014,
    degreesOfFreedom: 6.45213301981861,
  },
  {
    first: [0.71, 0.74, 0.69, 0.73, 0.7, 0.72, 0.75, 0.7, 0.71, 0.74],
    second: [0.83, 0.81, 0.86, 0.84, 0.8, 0.82, 0.85, 0.83, 0.84, 0.81],
    t: -12.490684207723652,
    p: 2.753131266553785e-10,
    degreesOfFreedom: 17.941080678554183,
  },
  {
    first: [1, 2],
    second: [1.5, 9],
    t: -0.9912279006826347,
    p: 0.49824742120655413,
    degreesOfFreedom: 1.0355443217945932,
  },
  {
    first: [1, 1, 1, 1],
    second: [1, 2, 1, 3, 1, 1, 0],
    t: -0.7947194142390265,
    p: 0.457051647837469,
    degreesOfFreedom: 6.0,
  },
  {
    first: [10.5, 11.25, 9.75],
    second: [10.4, 10.6, 10.5, 10.45, 10.55, 10.62, 10.38],
    t: 0.0,
    p: 1.0,
    degreesOfFreedom: 2.027388788362048,
  },
  {
    first: [-3, 5, 1000.0],
    second: [2, -7, 4, 0],
    t: 1.003703689296726,
    p: 0.42121748496350114,
    degreesOfFreedom: 2.000206654959385,
  },
];

test.each(samples)(
  "Welch's test of $first and $second gives t = $t, p = $p",
  ({ first, second, ...expected }) => {
    const result = welchTTest(first, second);
    for (const key of ["t", "p", "degreesOfFreedom"] as const) {
      expect(Math.abs(result[key] - expected[key])).toBeLessThan(
        1e-10 * Math.max(1, Math.abs(expected[key])),
      );
    }
    const swapped = welchTTest(second, first);
    expect(swapped.t).toBeCloseTo(-result.t, 12);
    expect(swapped.p).toBeCloseTo(result.p, 12);
  },
);

test("the result does not depend on the unit of the samples", () => {
  const { t, p, degreesOfFreedom } = welchTTest([1, 3, 2], [5, 6, 9]);
  for (const unit of [1e-120, 1e-6, 1e6, 1e120]) {
    const scaled = welchTTest([1 * unit, 3 * unit, 2 * unit], [5 * unit, 6 * unit, 9 * unit]);
    expect(scaled.t).toBeCloseTo(t, 10);
    expect(scaled.p).toBeCloseTo(p, 10);
    expect(scaled.degreesOfFreedom).toBeCloseTo(degreesOfFreedom, 10);
  }
});

test("constant samples that differ are surely different, and equal ones surely not", () => {
  expect(welchTTest([2, 2, 2], [1, 1])).toEqual({ t: Infinity, p: 0, degreesOfFreedom: 3 });
  expect(welchTTest([1, 1], [2, 2, 2])).toEqual({ t: -Infinity, p: 0, degreesOfFreedom: 3 });
  // Ten times 0.1 does not add up to 1 in binary, which must not pass for a difference.
  const { t, p } = welchTTest(new Array(10).fill(0.1), new Array(9).fill(0.1));
  expect({ t, p }).toEqual({ t: 0, p: 1 });
});
