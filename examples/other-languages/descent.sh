#!/bin/sh
# A trainer in nothing but the shell, awk and sha256sum: it speaks protocol/trainer-protocol.md
# without any library of Clade's.
#
# The model is a position on a line, and a step is a move of the size of the learning rate towards
# the minimum at 3; a large rate is fast but ends up jumping to and fro. Train with: npx clade run
# examples/other-languages/descent.yaml

position=0
rate=0

# number NAME: the number of that name in the request.
number() { printf '%s' "$request" | sed -n 's/.*"'"$1"'" *: *\(-\{0,1\}[0-9.eE+-]*\).*/\1/p'; }

# text NAME: the text of that name in the request.
text() { printf '%s' "$request" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$(number id)" "$1"; }

# The hash of the one file of a checkpoint, as the protocol defines it.
hash_of() {
  hash=$(sha256sum < "$1/position" | cut -d' ' -f1)
  printf '%s %d position\n' "$hash" "$(wc -c < "$1/position")" | sha256sum | cut -d' ' -f1
}

if [ "$CLADE_PROTOCOL" != 1 ]; then
  echo "run by Clade only: npx clade run descent.yaml" >&2
  exit 2
fi
while IFS= read -r request; do
  case $(text method) in
    initialize)
      answer '{"protocol":1,"trainer":"descent 1.0","capabilities":{"repeatedSetup":true}}' ;;
    setup)
      rate=$(number rate)
      position=$(awk -v seed="$(number seed)" 'BEGIN { srand(seed); print 10 * rand() - 5 }')
      answer '{"hyperparameters":{"rate":'"$rate"'}}' ;;
    restore)
      rate=$(number rate)
      directory=$(text directory)
      position=$(cat "$directory/position")
      answer '{"hyperparameters":{"rate":'"$rate"'},"checkpoint":"'"$(hash_of "$directory")"'"}' ;;
    train)
      steps=$(number steps)
      position=$(awk -v x="$position" -v rate="$rate" -v steps="$steps" \
        'BEGIN { while (steps-- > 0) x += x < 3 ? rate : -rate; printf "%.9g", x }')
      answer '{"steps":'"$steps"'}' ;;
    evaluate)
      distance=$(awk -v x="$position" 'BEGIN { print x < 3 ? 3 - x : x - 3 }')
      answer '{"metrics":{"distance":'"$distance"'}}' ;;
    save)
      echo "$position" > "$(text directory)/position"
      answer '{}' ;;
    shutdown)
      answer '{}'
      exit 0 ;;
  esac
done
