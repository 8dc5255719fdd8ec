"""Runs the marked blocks of documents: docs.py README DOCUMENT...; docs.sh has made the hosts that they name.

A marker is a comment of HTML on the line before a block:
  <!-- run -->                   types the lines with a prompt (`ds# `), and compares what is printed below them; a line `...`
                                 there stands for any lines, ` ...` at the end of one for its rest; a command with nothing
                                 below it may print what it likes
  <!-- run: numbers vary -->     the same, but numbers (times, ports, counts) and the blanks around them are not compared
  <!-- run: the last fails -->   the last command has to end with another status than 0
  <!-- file: NAME -->            the block is this file, in the folder that commands are typed in; HOST:/PATH, or several of them with
                                 commas between: the file there
  <!-- not run: WHY -->          nothing here can type it
  <!-- after: the quick start -->  on a line of its own: a director runs, and README's first block has been typed
  <!-- hosts: NAME -->           on a line of its own: the hosts are those of docs-NAME.sh, which types this document (HOSTS=NAME)
A command that ends in `&` goes on until the document ends. What only looks is typed again until it shows the same. With SHOW=1 all that
commands print is printed here too, for whoever writes a document."""
import os
import re
import signal
import subprocess
import sys
import time

LISTINGS = re.compile(
    r"ipvsadm -L|tunvs (status|connections|counters|health|explain|events|proc|diff|cleanup|vips)\b|curl |tcpdump "
    r"|ip .*\bshow\b|birdc show|vtysh -c 'show|systemctl show")
PROMPT = re.compile(r"([a-z0-9]+)[#$] (.+)")
# What commands say that go on, when others may be typed.
READY = {"tunvs run": "ready", "tunvs real-server": "ready", "tunvs capture": "capturing"}
OPTIONS = {"numbers vary", "the last fails"}
DEADLINE = 60
# What shows why a command does not end.
PROCESSES = "ps -eo pid,ppid,stat,etimes,wchan:24,args; systemctl list-jobs; systemctl status --no-pager tunvs"
SHOW = "SHOW" in os.environ
HOSTS = os.environ.get("HOSTS", "")

place = "docs.py"


def fail(why):
    sys.exit(f"{place}: {why}")


def parse(path):
    """The steps of a document: (line, kind, options or name, lines of the block)."""
    steps, marker, block = [], None, None
    for number, line in enumerate(open(path, encoding="utf-8").read().splitlines(), 1):
        if block is not None:
            if line.startswith("```"):
                steps.append((number - len(block), *marker, block))
                marker = block = None
            else:
                block.append(line)
        elif marker and line.startswith("```"):
            block = []
        elif found := re.fullmatch(r"<!-- (after|hosts): (.+) -->", line):
            steps.append((number, found[1], found[2], []))
        elif found := re.fullmatch(r"<!-- (run|file)(?:: (.+))? -->", line):
            marker = (found[1], found[2] or "")
    return steps


def typed(block, line):
    """The commands of a block: (line, host, command, lines that are shown below it)."""
    commands = []
    for number, text in enumerate(block, line):
        if found := PROMPT.fullmatch(text):
            commands.append((number, found[1], found[2], []))
        elif commands:
            commands[-1][3].append(text.rstrip())
        else:
            fail(f"line {number} of a block that is run has no prompt")
    return commands


def pattern_of(shown, numbers_vary):
    """What is shown, as a pattern of what may be printed."""
    lines = []
    for line in shown:
        if line == "...":
            lines.append("(?:.*\n)*?")
            continue
        begins = line.removesuffix("...")
        text = re.escape(begins)
        if numbers_vary:
            text = re.sub(r"(?:\\ )+", " +", re.sub(r"\d+", r"\\d+", text))
        lines.append(text + (" *\n" if begins == line else ".*\n"))
    return re.compile("".join(lines))


def way_to(host):
    """How a command gets to a host: by what `HOST.machine` says, or into its network."""
    try:
        return open(f"{host}.machine", encoding="utf-8").read().split()
    except FileNotFoundError:
        return ["ip", "netns", "exec", host]


class Host:
    """Where the commands of one document are typed, and what of them goes on."""

    def __init__(self):
        self.running = []

    def spawn(self, host, command):
        log = open("documents.log", "ab")
        had = log.tell()
        process = subprocess.Popen(
            [*way_to(host), "bash", "-c", "exec " + command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.running.append((command, process))
        ready = next((word for begin, word in READY.items() if command.startswith(begin)), "")
        ends = time.monotonic() + DEADLINE
        while ready not in (said := open("documents.log").read()[had:]):
            if process.poll() is not None or time.monotonic() > ends:
                fail(f"{command} never said `{ready}` but: {said}")
            time.sleep(0.05)

    @staticmethod
    def run_at(host, command):
        return subprocess.run(
            [*way_to(host), "bash", "-c", command], stdin=subprocess.DEVNULL, timeout=DEADLINE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def type(self, host, command, shown, numbers_vary, fails):
        if command.endswith(" &"):
            return self.spawn(host, command[:-2])
        pattern, ends = pattern_of(shown, numbers_vary), time.monotonic() + DEADLINE
        while True:
            try:
                done = self.run_at(host, command)
            except subprocess.TimeoutExpired as late:
                said = (late.stdout or b"").decode()
                fail(f"`{command}` of {host} goes on after {DEADLINE} s: {said}\n{self.run_at(host, PROCESSES).stdout}")
            is_right = (done.returncode != 0) == fails
            if SHOW:
                print(f"{host}# {command}\n{done.stdout}[{done.returncode}]")
            if is_right and (not shown or pattern.fullmatch(done.stdout)):
                if command.startswith("kill -9"):
                    self.forget_killed()
                return None
            if not LISTINGS.match(command) or time.monotonic() > ends:
                break
            time.sleep(0.1)
        if not is_right:
            fail(f"`{command}` ended with {done.returncode}:\n{done.stdout}")
        fail(f"`{command}` printed:\n{done.stdout}\nbut the document shows:\n" + "\n".join(shown))

    def forget_killed(self):
        """Waits for the directors that the document has killed."""
        self.running = [
            (command, process) for command, process in self.running
            if not command.startswith("tunvs run") or process.wait(DEADLINE) != -signal.SIGKILL]

    def quick_start(self, readme):
        self.spawn("ds", "tunvs run")
        article = open(readme, encoding="utf-8").read().split("<!-- article -->")[1].split("```")[1]
        for _, host, command, _ in typed(article.splitlines()[1:], 1):
            self.type(host, command, [], False, False)

    def write(self, names, block):
        text = "\n".join(block) + "\n"
        for name in names.split(", "):
            host, colon, path = name.partition(":")
            if not colon:
                open(name, "w", encoding="utf-8").write(text)
                continue
            into = ["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path]
            subprocess.run([*way_to(host), *into], input=text, text=True, check=True)

    def end(self):
        for command, process in reversed(self.running):
            if process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            if (status := process.wait(DEADLINE)) != 0 and command.startswith("tunvs"):
                fail(f"{command} ended with {status}")
        if not HOSTS:
            self.restore()

    def restore(self):
        """Puts the hosts of the quick start back for the next document."""
        subprocess.run(["ip", "netns", "exec", "ds", "nft", "flush", "ruleset"], check=True)
        for server in ["rs1", "rs2"]:
            if not os.path.exists(f"web-{server}/pid"):
                subprocess.run(["ip", "netns", "exec", server, "nginx", "-c", f"{os.getcwd()}/web-{server}/nginx.conf"], check=True)
        for address in ["192.168.1.183/24", "192.168.1.184/24"]:
            subprocess.run(["ip", "-n", "ds", "addr", "del", address, "dev", "eth1"], capture_output=True)


readme, *documents = sys.argv[1:]
for document in documents:
    steps = parse(document)
    hosts = next((detail for _, kind, detail, _ in steps if kind == "hosts"), "")
    if hosts != HOSTS or not any(kind == "run" for _, kind, _, _ in steps):
        continue
    started, host, count = time.monotonic(), Host(), 0
    for line, kind, detail, block in steps:
        place = f"{os.path.basename(document)} line {line}"
        if kind == "after":
            host.quick_start(readme)
        elif kind == "file":
            host.write(detail, block)
        elif kind == "run":
            options = set(filter(None, detail.split(", ")))
            if options - OPTIONS:
                fail(f"{options - OPTIONS} is no option of a marker")
            commands = typed(block, line)
            for at, (number, name, command, shown) in enumerate(commands, 1):
                place = f"{os.path.basename(document)} line {number}"
                fails = "the last fails" in options and at == len(commands)
                host.type(name, command, shown, "numbers vary" in options, fails)
                count += 1
    host.end()
    print(f"{os.path.basename(document)}: {count} commands, {time.monotonic() - started:.1f} s")
