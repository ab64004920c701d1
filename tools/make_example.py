"""Write the bundled example: the logs of a fictitious school district's Exchange server that was broken into.

    python tools/make_example.py OUT_DIR [TRUTH_FILE] [--scale 1.0] [--seed 20210228]

Same arguments, same bytes. Nothing in it works: its one script is a comment, public addresses are RFC 5737.
"""

import argparse
import sys
from pathlib import Path

from example.generate import build
from example.scene import SEED


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "out", type=Path, metavar="OUT_DIR", help="new or empty folder, or one that this script made"
    )
    parser.add_argument(
        "truth",
        type=Path,
        nargs="?",
        metavar="TRUTH_FILE",
        help="list of planted events (default: OUT_DIR.truth.json beside OUT_DIR)",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="how busy the people are (1.0: about 50 MB)")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args(arguments)
    truth = args.truth or args.out.parent / f"{args.out.name}.truth.json"
    try:
        built = build(args.out, truth, scale=args.scale, seed=args.seed)
    except (FileExistsError, ValueError) as error:
        print(f"make_example: {error}", file=sys.stderr)
        return 2
    size = f"{built.files} files, {built.size_bytes / 1e6:.1f} MB, {built.rows} rows"
    print(f"{args.out}: {size}; planted events in {built.truth}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
