#!/usr/bin/env python3
"""`make fuzz`: each tests/fuzz/fuzz_*.c as a libFuzzer program, for a while.

    tests/fuzz/run.py [NAME ...]      FUZZ_SECONDS=60 a target (default 30)

New inputs are kept in build-fuzz/corpus, an input that crashes in build-fuzz/crashes; put a crash that
was mended into tests/fuzz/corpus/NAME, then the plain test keeps it mended.
"""
import glob
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = "build-fuzz"


def main():
    os.chdir(TOP)
    if not shutil.which("clang"):
        print("make fuzz needs clang with libFuzzer: tools/install-deps.sh --test", file=sys.stderr)
        return 1
    if not os.path.exists(f"{BUILD}/build.ninja"):
        # no-link: coverage for the library, main() of libFuzzer only for the targets
        subprocess.run(["meson", "setup", BUILD, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
                        "-Dc_args=-fsanitize=fuzzer-no-link"], env=dict(os.environ, CC="clang"), check=True)
    subprocess.run(["ninja", "-C", BUILD], check=True)
    names = [os.path.basename(f)[5:-2] for f in sorted(glob.glob("tests/fuzz/fuzz_*.c"))]
    seconds = os.environ.get("FUZZ_SECONDS", "30")
    bad = []
    for name in sys.argv[1:] or names:
        if name not in names:
            print(f"no target '{name}'; there are: {', '.join(names)}", file=sys.stderr)
            return 2
        found, crashes = f"{BUILD}/corpus/{name}", f"{BUILD}/crashes/{name}/"
        os.makedirs(found, exist_ok=True)
        os.makedirs(crashes, exist_ok=True)
        print(f"== {name}: {seconds} s", flush=True)
        p = subprocess.run([f"{BUILD}/tests/fuzz/fuzz_{name}", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048",
                            "-print_final_stats=1", f"-artifact_prefix={crashes}", found, f"tests/fuzz/corpus/{name}"])
        if p.returncode:
            bad.append(name)
    print(f"{len(names) if len(sys.argv) < 2 else len(sys.argv) - 1} targets, {len(bad)} crashed" + (": " + ", ".join(bad) if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
