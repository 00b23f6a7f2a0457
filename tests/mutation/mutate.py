#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries the mutants of the headers: builds the tests once, with all mutants asleep in them, and runs them with one
awake at a time. tests/mutate.sh says how it is called."""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys

import mutants as making

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build-mutation"
TREE = FOLDER / "tree"
TABLE = ROOT / "tests" / "mutation" / "mutants.tsv"
MODULES = ["core", "rope", "spectral", "denoise", "conformance"]  # a module's tests see it and those before it
COLUMNS = ["key", "header", "kind", "verdict", "by", "line", "mutated"]

# killed: a test failed; crashed: it ended by a signal; endless: it took more than five times as long, and five
# seconds. uncompiled: no C++, and not counted. survived: no test noticed. equivalent: set by hand, with the
# argument why no test can notice in place of the test.
DEAD = ("killed", "crashed", "endless")


def read_table():
    rows = {}
    if TABLE.exists():
        for line in TABLE.read_text().splitlines()[1:]:
            row = dict(zip(COLUMNS, line.split("\t")))
            rows[row["key"]] = row
    return rows


def write_table(chosen, rows):
    """The rows of these mutants, in the order of the headers. Rows of mutants that are gone are dropped."""
    lines = ["\t".join(COLUMNS)]
    for mutant in chosen:
        row = rows.get(mutant.key)
        if row:
            row.update(header=short(mutant.path), kind=mutant.kind, line=mutant.line, mutated=mutant.mutated)
            lines.append("\t".join(row[column] for column in COLUMNS))
    part = TABLE.with_suffix(".tmp")
    part.write_text("\n".join(lines) + "\n")
    part.replace(TABLE)


def short(path):
    return str(path.relative_to(ROOT / "include" / "dope"))


def write(path, text):
    """Only where it changes, so that no more is compiled than must be."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_tree(headers, numbered):
    """A copy of what the library's tests need, with these mutants in its headers."""
    wanted = set()
    for part in ("CMakeLists.txt", "cmake", "include", "tests"):
        source = ROOT / part
        files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
        for path in files:
            if "__pycache__" in path.parts or "fuzz" in path.relative_to(ROOT).parts:
                continue
            target = TREE / path.relative_to(ROOT)
            wanted.add(target)
            if path in headers:
                own = [(number, mutant) for number, mutant in numbered if mutant.path == path]
                write(target, making.with_mutants(headers[path].text, own))
            elif path == ROOT / "tests" / "support" / "main.cpp":
                write(target, (ROOT / "tests" / "mutation" / "main.cpp").read_text())
            elif path.suffix in (".hpp", ".cpp", ".txt", ".cmake", ".in"):
                write(target, path.read_text())
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    for path in list(TREE.rglob("*")):
        if path.is_file() and path not in wanted:
            path.unlink()


def state_of_tree():
    digest = hashlib.sha256()
    for path in sorted(TREE.rglob("*.?pp")):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def configure():
    subprocess.run(
        ["cmake", "-S", TREE, "-B", FOLDER / "build", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_COMPILER=g++",
         "-DCMAKE_CXX_FLAGS_RELEASE=-O1", "-DCMAKE_CXX_FLAGS=-w -Wno-narrowing -include "
         + str(ROOT / "tests" / "mutation" / "on.hpp"), "-DCMAKE_COMPILE_WARNING_AS_ERROR=OFF", "-DDOPE_UNITY=ON",
         "-DDOPE_BUILD_TESTS=ON", "-DDOPE_BUILD_PROGRAMS=OFF", "-DDOPE_BUILD_BENCH=OFF", "-DDOPE_TEST_CONSUMERS=OFF",
         "-DDOPE_TEST_MODULES=" + ";".join(MODULES),
         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-G", "Unix Makefiles"],
        check=True, stdout=subprocess.DEVNULL)


def uncompiled(jobs):
    """Numbers of the mutants that compilers complain about, found without making code."""
    commands = json.loads((FOLDER / "build" / "compile_commands.json").read_text())
    running, output = [], []
    for command in commands:
        arguments = shlex.split(command["command"]) + ["-fsyntax-only", "-fmax-errors=0", "-fno-diagnostics-show-caret"]
        running.append(subprocess.Popen(arguments, cwd=command["directory"], stderr=subprocess.PIPE, text=True))
        if len(running) == jobs:
            output.append(running.pop(0).communicate()[1])
    output += [process.communicate()[1] for process in running]
    numbers, errors = set(), 0
    for text in output:
        group = []
        for line in text.splitlines():
            # What belongs to an error: how the compiler came there, before it, and notes after it.
            if ": error:" in line:
                errors += 1
                numbers |= numbers_at(group + [line])
                group = []
            else:
                group = group[-12:] + [line] if "required from" in line or "In instantiation" in line else []
    if errors and not numbers:
        sys.exit("\n".join(output)[-4000:] + "\nerror: the headers do not compile, and no mutant is to blame")
    return numbers


def numbers_at(places):
    found = set()
    for place in reversed(places):  # the error itself first
        match = re.match(r"(\S+\.hpp):(\d+):", place)
        if not match or not match.group(1).startswith(str(TREE / "include")):
            continue
        lines = pathlib.Path(match.group(1)).read_text().splitlines()
        at = int(match.group(2)) - 1
        found = {int(number) for number in re.findall(r"dope_mutation::on\((\d+)\)", lines[at])}
        for distance in range(1, 8):  # an expression of several lines
            if found:
                break
            for near in (at - distance, at + distance):
                if 0 <= near < len(lines):
                    found |= {int(number) for number in re.findall(r"dope_mutation::on\((\d+)\)", lines[near])}
        if found:
            break
    return found


def build(jobs):
    subprocess.run(["cmake", "--build", FOLDER / "build", "--parallel", str(jobs)], check=True, stdout=subprocess.DEVNULL)


def run_tests(module, arguments, environment, seconds=None):
    """Status, and what the program said."""

    def limit():
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run([FOLDER / "build" / "tests" / f"test_{module}", *arguments], cwd=TREE, preexec_fn=limit,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


# How a mutant is built that is tried by itself.
EDITED = {
    "native": ["-march=native"],
    "x86-64": ["-march=x86-64"],
    "sanitized": ["-march=native", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-D_GLIBCXX_ASSERTIONS"],
}


class Case:
    def __init__(self, module, file, name, seconds, numbers):
        self.module, self.file, self.name, self.seconds, self.numbers = module, file, name, seconds, numbers


def reached():
    """All test cases, and which mutants each comes across. They must pass with every mutant asleep."""
    cases = []
    for module in MODULES:
        path = FOLDER / f"reached-{module}"
        program = FOLDER / "build" / "tests" / f"test_{module}"
        if not path.exists() or path.stat().st_mtime < program.stat().st_mtime:
            part = path.with_suffix(".tmp")
            status, output = run_tests(module, [], {"DOPE_REACHED": str(part)})
            if status != 0:
                sys.exit(output[-3000:] + f"\nerror: test_{module} fails with every mutant asleep")
            part.replace(path)
        for line in path.read_text().splitlines():
            file, name, seconds, numbers = line.split("\t")
            cases.append(Case(module, pathlib.Path(file).stem, name, float(seconds), set(map(int, numbers.split()))))
    return cases


def escaped(name):
    return re.sub(r"([\\,*])", lambda match: "\\," if match.group() == "," else "?", name)


def verdict_of(number, mutant, cases):
    """Try one mutant on the test cases that come across it: those of the mirrored file first."""
    header = mutant.path
    files = collections.defaultdict(list)
    for case in cases:
        if number in case.numbers:
            files[case.module, case.file].append(case)
    if not files:
        return "survived", "no test comes across it"

    def order(place):
        module, file = place
        mirrored = module == header.parent.name and file == header.stem
        return not mirrored, module != header.parent.name, sum(case.seconds for case in files[place])

    for module, file in sorted(files, key=order):
        own = files[module, file]
        arguments = [f"--source-file=*/{module}/{file}.cpp", "--abort-after=1", "--no-path-filenames=1",
                     "--test-case=" + ",".join(escaped(case.name) for case in own)]
        status, output = run_tests(module, arguments, {"DOPE_MUTANT": str(number)},
                                   5 * sum(case.seconds for case in own) + 6)
        if status == 0:
            ran = re.search(r"test cases: +(\d+)", output)
            if not ran or int(ran.group(1)) < len({case.name for case in own}):
                sys.exit(f"error: {module}/{file} ran other test cases than it was asked for: {arguments}")
            continue
        name = re.search(r"TEST CASE:\s+(.*)", output)
        by = f"{module}/{file}: {' '.join(name.group(1).split()) if name else own[0].name}"
        if status == -24:
            return "endless", by
        return ("crashed" if status < 0 else "killed"), by
    return "survived", f"{len(files)} files come across it"


def edited(mutant, headers):
    """Try one mutant by itself, as an edit of its header, with the tests of its path: here, for the least processor,
    and with sanitizers. For code that runs while compiling, that only another processor reaches, or whose mistake is
    undefined behaviour. None: no test of its path."""
    relative = mutant.path.relative_to(ROOT / "include")
    module = mutant.path.parent.name
    sources = [ROOT / "tests" / module / (mutant.path.stem + ".cpp")]
    if not sources[0].exists():  # those of the word that the header's name begins with, and of the kit as a whole
        names = [mutant.path.stem.split("_")[0]]
        if module == "conformance":
            names = sorted({*names, "check", "oracles", "suspects"})
        sources = [ROOT / "tests" / module / (name + ".cpp") for name in names]
    sources = [source for source in sources if source.exists()]
    if not sources:
        return None
    place = FOLDER / "edited" / mutant.key
    text = headers[mutant.path].text
    write(place / relative, text[:mutant.start] + mutant.replacement + text[mutant.end:])
    for source in sources:
        for build, flags in EDITED.items():
            program = place / f"{source.stem}-{build}"
            done = subprocess.run(
                ["g++", "-std=c++20", "-O1", "-w", *flags, f"-I{place}", f"-I{ROOT / 'include'}",
                 f"-I{ROOT / 'tests'}", "-isystem", "/usr/include/eigen3", "-DEIGEN_DONT_PARALLELIZE", source,
                 ROOT / "tests" / "support" / "main.cpp", "-o", program, "-lblis"], stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                if "ld: " in done.stderr or not program.parent.exists():
                    sys.exit(done.stderr)
                shutil.rmtree(place)
                return "uncompiled", "the compiler, which runs this code itself"
            try:
                done = subprocess.run([program, "--abort-after=1"], cwd=ROOT, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=600)
            except subprocess.TimeoutExpired:
                shutil.rmtree(place)
                return "endless", f"{module}/{source.stem}, edited, {build}"
            if done.returncode != 0:
                shutil.rmtree(place)
                name = re.search(r"TEST CASE:\s+(.*)", done.stdout.decode(errors="replace"))
                by = f"{module}/{source.stem}: {' '.join(name.group(1).split()) if name else ''} (edited, {build})"
                return ("crashed" if done.returncode < 0 else "killed"), by
    shutil.rmtree(place)
    return None


def summary(chosen, rows):
    counts = collections.Counter()
    by_header = collections.defaultdict(collections.Counter)
    for mutant in chosen:
        verdict = rows[mutant.key]["verdict"] if mutant.key in rows else "untried"
        counts[verdict] += 1
        by_header[short(mutant.path)][verdict] += 1
    for header, own in sorted(by_header.items()):
        dead = sum(own[verdict] for verdict in DEAD)
        whole = sum(own.values()) - own["uncompiled"]
        rest = ", ".join(f"{own[verdict]} {verdict}" for verdict in ("equivalent", "survived", "untried") if own[verdict])
        print(f"{header:44} {dead:3} of {whole:3}" + (f"   {rest}" if rest else ""))
    whole = sum(counts.values()) - counts["uncompiled"]
    dead = sum(counts[verdict] for verdict in DEAD)
    share = 100.0 * dead / whole if whole else 0.0
    print(f"{dead} of {whole} mutants killed ({share:.1f} %), {counts['equivalent']} equivalent, {counts['survived']} "
          f"survived, {counts['untried']} untried; {counts['uncompiled']} more are no C++ and not counted")
    return counts


def main():
    parser = argparse.ArgumentParser(prog="tests/mutate.sh", description=__doc__)
    parser.add_argument("--total", type=int, default=440, help="mutants that are made, uncompiled ones included")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--again", action="store_true", help="try all anew; otherwise those without a verdict, and survivors")
    parser.add_argument("--list", action="store_true", help="only sum up the table")
    parser.add_argument("--check", action="store_true", help="status 1 unless 95 %% are killed and none survived or is untried")
    parser.add_argument("header", nargs="*", help="only mutants of these, as rope/scaling.hpp")
    given = parser.parse_args()

    headers = {path: making.Header(path, path.read_text())
               for path in sorted((ROOT / "include" / "dope").glob("*/*.hpp"))}
    chosen = making.chosen(list(headers.values()), given.total)
    rows = read_table()
    if not given.list:
        try_all(given, headers, chosen, rows)
    counts = summary(chosen, rows)
    whole = sum(counts.values()) - counts["uncompiled"]
    dead = sum(counts[verdict] for verdict in DEAD)
    if given.check and (dead < 0.95 * whole or counts["survived"] or counts["untried"]):
        sys.exit(1)


def try_all(given, headers, chosen, rows):
    FOLDER.mkdir(exist_ok=True)
    numbered = [(number, mutant) for number, mutant in enumerate(chosen, 1)
                if rows.get(mutant.key, {}).get("verdict") != "uncompiled"]
    while True:
        make_tree(headers, numbered)
        configure()
        # Found to compile once, it is not looked at again.
        state, stamp = state_of_tree(), FOLDER / "compiles"
        wrong = set() if stamp.exists() and stamp.read_text() == state else uncompiled(given.jobs)
        if not wrong:
            stamp.write_text(state)
        for number, mutant in numbered:
            if number in wrong:
                rows[mutant.key] = {"key": mutant.key, "verdict": "uncompiled", "by": "the compiler"}
        numbered = [entry for entry in numbered if entry[0] not in wrong]
        write_table(chosen, rows)
        if not wrong:
            break
        print(f"{len(wrong)} are no C++", flush=True)
    build(given.jobs)
    cases = reached()
    pending = []
    for number, mutant in numbered:
        verdict = rows.get(mutant.key, {}).get("verdict")
        if verdict == "equivalent" or (verdict in DEAD and not given.again):
            continue
        if not given.header or short(mutant.path) in given.header:
            pending.append((number, mutant))
    pending.sort(key=lambda entry: MODULES.index(entry[1].path.parent.name))  # quick ones first

    def note(mutant, verdict, by):
        rows[mutant.key] = {"key": mutant.key, "verdict": verdict, "by": by}
        write_table(chosen, rows)
        print(f"{verdict:9} {short(mutant.path)}: {mutant.mutated}   [{by}]", flush=True)

    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        tried = {pool.submit(verdict_of, number, mutant, cases): mutant for number, mutant in pending}
        survivors = []
        for future in concurrent.futures.as_completed(tried):
            note(tried[future], *future.result())
            if future.result()[0] == "survived":
                survivors.append(tried[future])
        again = {pool.submit(edited, mutant, headers): mutant for mutant in survivors}
        for future in concurrent.futures.as_completed(again):
            if future.result():
                note(again[future], *future.result())


if __name__ == "__main__":
    main()
