# SPDX-License-Identifier: GPL-2.0
"""The command lines of the machines that a guest can run on."""

import os
import tempfile

# In-tree modules that a guest needs before it sees the host's files. User
# Mode Linux has its equivalents built in.
EARLY_MODULES = {
    "x86": ("virtio_pci", "virtio_console", "virtio-rng", "overlay", "9p",
            "9pnet_virtio"),
    "um": (),
}
MOST_CPUS = 64

# What every kernel is told.
WORDS = ("panic=-1", "oops=panic", "log_buf_len=4M", "sysrq_always_enabled=1")


def qemu(kernel, opts, fds, image, shares, _private):
    """Return QEMU's words: the fds are sockets, one a port, by name."""
    # A busy host holds back the first ticks for so long that the kernel would
    # take the timer for broken, and panic.
    append = " ".join(WORDS) + (
        " console=ttyS0 quiet mitigations=off nokaslr tsc=reliable"
        " no_timer_check random.trust_cpu=on")
    argv = ["qemu-system-x86_64",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-nic", "none",
            "-M", "q35,smm=off,vmport=off,sata=off,usb=off,"
            "hpet=off,smbus=off",
            "-cpu", "max", "-m", opts.mem, "-smp", str(opts.smp),
            "-kernel", kernel.image, "-initrd", f"/dev/fd/{image}",
            "-append", append]
    if opts.icount:
        # While the guest waits for a file of the host's, that clock leaps from
        # timer to timer: two minutes of it are no sign that a task hangs.
        argv[-1] += " sysctl.kernel.hung_task_timeout_secs=0"
        argv += ["-accel", "tcg", "-icount", "shift=0,sleep=off"]
    else:
        argv += ["-accel", f"tcg,thread={qemu_threads(kernel, opts)}"]
    argv += ["-object", "rng-random,filename=/dev/urandom,id=rng",
             "-device", "virtio-rng-pci,rng=rng",
             "-chardev", f"socket,id=console,fd={fds['console']}",
             "-serial", "chardev:console",
             "-device", "virtio-serial-pci,max_ports=8"]
    if opts.interactive:
        argv += ["-chardev", "stdio,id=tty,signal=off",
                 "-device", "virtconsole,chardev=tty"]
    for name, fd in fds.items():
        if name != "console":
            argv += ["-chardev", f"socket,id={name},fd={fd}", "-device",
                     f"virtserialport,chardev={name},name=themis.{name}"]

    argv += qemu_directory("root", "/", "on")
    for at, path in enumerate(shares):
        argv += qemu_directory(f"share{at}", path, "off")
    return argv


def qemu_threads(kernel, opts):
    """Return whether the guest's processors run at once ("multi"), or take
    turns ("single").

    Where one of them patches a breakpoint out of a branch that another runs,
    the emulator may keep what it has translated of the old code, and the
    breakpoint is hit when nobody expects it any more. Kernels before 6.16 try
    again, mostly not for ever; later ones end with "Oops: int3", within seconds
    where something in use is patched.
    """
    with open(f"{kernel.kdir}/.config", encoding="utf-8") as config:
        patched = "CONFIG_JUMP_LABEL=y\n" in config
    return "single" if patched and not opts.parallel else "multi"


def qemu_directory(tag, path, readonly):
    """Return the words that give the guest a directory."""
    path = path.replace(",", ",,")
    return ["-fsdev", f"local,id={tag},path={path},security_model=none,"
            f"readonly={readonly},multidevs=remap",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def um_lines(names, terminal):
    """Return which serial line of User Mode Linux each port is."""
    lines = {name: f"ttyS{at}" for at, name in enumerate(names)}
    if terminal:
        lines["terminal"] = f"ttyS{len(lines)}"
    return lines


def um(kernel, opts, fds, image, _shares, private):
    """Return the words of a kernel that is a program. It finds the host's
    files by itself, and keeps its own in the directory private."""
    words = ["seccomp=on", f"mem={opts.mem}", f"ncpus={opts.smp}",
             f"initrd=/dev/fd/{image}", "noreboot",
             f"uml_dir={private}/", "umid=guest",
             "console=ttyS0", "con=null", "ssl=null",
             # A report each time, not only the first.
             "kasan_multi_shot",
             # Caches without checks keep arrays of objects per processor.
             # What was once in one is still referenced, for kmemleak.
             "slab_debug=F", *WORDS]
    lines = um_lines(fds, opts.interactive)
    for name, line in lines.items():
        number = line[len("ttyS"):]
        end = (f"fd:{fds[name]}" if name in fds else "fd:0,fd:1")
        words.append(f"ssl{number}={end}")
    return [kernel.image, *words]


def um_memory(size):
    """Return the directory for the file that is the guest's memory: in the
    host's memory if that has the room."""
    amount = int(size[:-1]) << {"M": 20, "G": 30}[size[-1]]
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return tempfile.gettempdir()
    if room.f_bavail * room.f_frsize < amount:
        return tempfile.gettempdir()
    return "/dev/shm"


COMMAND_LINES = {"x86": qemu, "um": um}
