"""Makes system calls in a thread of another process, as somebody would who has got hold of it, and prints what each gave.

inject.py THREAD CALL...: CALL is NUMBER[,ARGUMENT...], and an argument a number or a text, whose address is passed. x86_64.
"""
import ctypes, errno, os, sys

libc = ctypes.CDLL(None, use_errno=True)
GETREGS, SETREGS, DETACH, SINGLESTEP, SEIZE, INTERRUPT = 12, 13, 17, 9, 0x4206, 0x4207
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
__WALL = 0x40000000


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulong) for name in NAMES]


def ptrace(request, thread, data=0):
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(0), ctypes.c_void_p(data)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def registers(thread):
    found = Registers()
    ptrace(GETREGS, thread, ctypes.addressof(found))
    return found


def call(thread, memory, before, number, arguments):
    """One call by the instruction that the thread waits in."""
    now = Registers.from_buffer_copy(before)
    place = before.rsp - 4096
    values = []
    for argument in arguments:
        if argument.lstrip("-").isdigit():
            values.append(int(argument) & (1 << 64) - 1)
        else:
            text = argument.encode() + b"\0"
            memory.seek(place)
            memory.write(text)
            values.append(place)
            place += len(text)
    for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values + [0] * 6):
        setattr(now, name, value)
    # Not to be taken for a call that was interrupted.
    now.rax, now.orig_rax, now.rip = number, (1 << 64) - 1, before.rip - 2
    ptrace(SETREGS, thread, ctypes.addressof(now))
    ptrace(SINGLESTEP, thread)
    os.waitpid(thread, __WALL)
    result = ctypes.c_long(registers(thread).rax).value
    return result if result >= 0 else errno.errorcode.get(-result, result)


thread = int(sys.argv[1])
ptrace(SEIZE, thread)
ptrace(INTERRUPT, thread)
os.waitpid(thread, __WALL)
before = registers(thread)
with open(f"/proc/{thread}/mem", "r+b", buffering=0) as memory:
    memory.seek(before.rip - 2)
    if memory.read(2) != b"\x0f\x05":
        sys.exit("the thread does not wait in a system call")
    for word in sys.argv[2:]:
        number, *arguments = word.split(",")
        print(call(thread, memory, before, int(number), arguments))
ptrace(SETREGS, thread, ctypes.addressof(before))
ptrace(DETACH, thread)
