/**
 * The colours of figures and pages, by meaning. A figure is drawn once, with tokens such as
 * `var(--ink)`. A page defines them for light and for dark; a separate file gets the literal
 * colours of one theme.
 *
 * Scores use viridis, which is perceptually uniform, also for colour-blind readers. It is cut so
 * that both ends are visible on the background, and oriented so that better scores have the
 * stronger contrast. Categories are those of Okabe and Ito (2008).
 */
export type Theme = "light" | "dark";

/** How many colours the scale of scores has. */
export const scoreColors = 10;
/** How many categories have their own colour. */
export const categoryColors = 8;

interface Palette {
  readonly plain: { readonly [token: string]: string };
  /** From the worst to the best. */
  readonly score: readonly string[];
  readonly category: readonly string[];
}

const palettes: { readonly [theme in Theme]: Palette } = {
  light: {
    plain: {
      paper: "#ffffff",
      ink: "#1a1c20",
      muted: "#5a616c",
      grid: "#e4e7ec",
      shade: "#f4f6f8",
      /** Extinct branches. */
      faint: "#ccd1d9",
      /** Surviving branches. */
      middle: "#76818f",
      /** The lineage of the best model. */
      best: "#d1480b",
      "band-outer": "#dde7f3",
      "band-inner": "#b3cbe6",
      "band-middle": "#24609c",
    },
    score: [
      "#63cb5f",
      "#38b977",
      "#21a685",
      "#20928c",
      "#277e8e",
      "#30698e",
      "#3b528b",
      "#443a83",
      "#481f70",
      "#440154",
    ],
    category: [
      "#0072b2",
      "#e69f00",
      "#009e73",
      "#cc79a7",
      "#56b4e9",
      "#d55e00",
      "#d9c700",
      "#555b66",
    ],
  },
  dark: {
    plain: {
      paper: "#15171b",
      ink: "#e9ebee",
      muted: "#a0a8b4",
      grid: "#2b2f36",
      shade: "#1d2025",
      faint: "#434a55",
      middle: "#8791a0",
      best: "#ff8b4d",
      "band-outer": "#1f2e42",
      "band-inner": "#33517a",
      "band-middle": "#86b6ec",
    },
    score: [
      "#3c4f8a",
      "#32658e",
      "#29798e",
      "#228d8d",
      "#1fa188",
      "#2fb47c",
      "#54c568",
      "#84d44b",
      "#bade28",
      "#f1e51d",
    ],
    category: [
      "#3d9bd6",
      "#e69f00",
      "#1fb58a",
      "#cc79a7",
      "#7cc6f0",
      "#e8752a",
      "#f0e442",
      "#b4bbc6",
    ],
  },
};

const literals = { light: tokensOf(palettes.light), dark: tokensOf(palettes.dark) };

/** The tokens as a style sheet, with the reader's preference for light or dark. */
export function themeStyles(): string {
  const declare = (theme: Theme) =>
    [...literals[theme]].map(([token, color]) => `--${token}: ${color};`).join(" ");
  return `:root { color-scheme: light dark; ${declare("light")} }
@media screen and (prefers-color-scheme: dark) { :root { ${declare("dark")} } }`;
}

/** The colour of a token, such as "ink", in a theme. */
export function themeColor(theme: Theme, token: string): string {
  const color = literals[theme].get(token);
  if (color === undefined) throw new Error(`no colour is called ${token}`);
  return color;
}

/** Markup with its tokens replaced by the colours of a theme. */
function withLiteralColors(markup: string, theme: Theme): string {
  return markup.replace(/var\(--([\w-]+)\)/g, (_, token: string) => themeColor(theme, token));
}

function tokensOf({ plain, score, category }: Palette): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(plain),
    ...score.map((color, index) => [`score-${index}`, color] as const),
    ...category.map((color, index) => [`category-${index}`, color] as const),
  ]);
}

/** A figure as a separate file, with the colours of a theme and a background. */
export function standalone(svg: string, theme: Theme): string {
  const paper = `<rect width="100%" height="100%" fill="${themeColor(theme, "paper")}"/>`;
  return withLiteralColors(svg, theme).replace(/(?<=^<svg [^>]*>)/, paper);
}
