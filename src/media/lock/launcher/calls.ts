// Everything is allowed but what a decoder never needs and an attacker would. The kernel runs the filter at each system
// call, so it is short; what concerns files is left to Landlock.

interface Refused {
  errno: number
  calls: Calls
}

/** Its number by architecture; one number where they are the same. */
export type Call = number | { x64?: number; arm64?: number }

type Calls = Record<string, Call>

export const EPERM = 1
export const ENOSYS = 38
const EAFNOSUPPORT = 97

export const refused: Refused[] = [
  { errno: EAFNOSUPPORT, calls: { socket: { x64: 41, arm64: 198 }, socketpair: { x64: 53, arm64: 199 } } },
  // Without clone3, whose flags a filter cannot read, libraries fall back to clone.
  // So does openat2 to openat.
  {
    errno: ENOSYS,
    calls: { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427, clone3: 435, openat2: 437 }
  },
  {
    errno: EPERM,
    calls: {
      // Other processes.
      ptrace: { x64: 101, arm64: 117 },
      process_vm_readv: { x64: 310, arm64: 270 },
      process_vm_writev: { x64: 311, arm64: 271 },
      process_madvise: 440,
      pidfd_getfd: 438,
      pidfd_send_signal: 424,
      kcmp: { x64: 312, arm64: 272 },
      rt_sigqueueinfo: { x64: 129, arm64: 138 },
      rt_tgsigqueueinfo: { x64: 297, arm64: 240 },
      tkill: { x64: 200, arm64: 130 },
      sched_setscheduler: { x64: 144, arm64: 119 },
      sched_setparam: { x64: 142, arm64: 118 },
      sched_setattr: { x64: 314, arm64: 274 },
      ioprio_set: { x64: 251, arm64: 30 },
      migrate_pages: { x64: 256, arm64: 238 },
      move_pages: { x64: 279, arm64: 239 },
      shmget: { x64: 29, arm64: 194 },
      shmat: { x64: 30, arm64: 196 },
      shmctl: { x64: 31, arm64: 195 },
      semget: { x64: 64, arm64: 190 },
      msgget: { x64: 68, arm64: 186 },
      mq_open: { x64: 240, arm64: 180 },
      // With these it would leave the process group that is killed with its attempt.
      setsid: { x64: 112, arm64: 157 },
      setpgid: { x64: 109, arm64: 154 },
      // Namespaces and mounts.
      unshare: { x64: 272, arm64: 97 },
      setns: { x64: 308, arm64: 268 },
      mount: { x64: 165, arm64: 40 },
      umount2: { x64: 166, arm64: 39 },
      pivot_root: { x64: 155, arm64: 41 },
      chroot: { x64: 161, arm64: 51 },
      open_tree: 428,
      move_mount: 429,
      fsopen: 430,
      fsconfig: 431,
      fsmount: 432,
      fspick: 433,
      mount_setattr: 442,
      // What Landlock does not know: modes, owners, times and attributes of any file; and in older kernels truncation.
      chmod: { x64: 90 },
      fchmod: { x64: 91, arm64: 52 },
      fchmodat: { x64: 268, arm64: 53 },
      fchmodat2: 452,
      chown: { x64: 92 },
      fchown: { x64: 93, arm64: 55 },
      lchown: { x64: 94 },
      fchownat: { x64: 260, arm64: 54 },
      utime: { x64: 132 },
      utimes: { x64: 235 },
      futimesat: { x64: 261 },
      utimensat: { x64: 280, arm64: 88 },
      setxattr: { x64: 188, arm64: 5 },
      lsetxattr: { x64: 189, arm64: 6 },
      fsetxattr: { x64: 190, arm64: 7 },
      removexattr: { x64: 197, arm64: 14 },
      lremovexattr: { x64: 198, arm64: 15 },
      fremovexattr: { x64: 199, arm64: 16 },
      setxattrat: 463,
      removexattrat: 466,
      truncate: { x64: 76, arm64: 45 },
      // Paths around the paths.
      open_by_handle_at: { x64: 304, arm64: 265 },
      name_to_handle_at: { x64: 303, arm64: 264 },
      // Large and rarely used parts of the kernel.
      bpf: { x64: 321, arm64: 280 },
      perf_event_open: { x64: 298, arm64: 241 },
      userfaultfd: { x64: 323, arm64: 282 },
      keyctl: { x64: 250, arm64: 219 },
      add_key: { x64: 248, arm64: 217 },
      request_key: { x64: 249, arm64: 218 },
      quotactl: { x64: 179, arm64: 60 },
      modify_ldt: { x64: 154 },
      // The machine.
      kexec_load: { x64: 246, arm64: 104 },
      kexec_file_load: { x64: 320, arm64: 294 },
      init_module: { x64: 175, arm64: 105 },
      finit_module: { x64: 313, arm64: 273 },
      delete_module: { x64: 176, arm64: 106 },
      reboot: { x64: 169, arm64: 142 },
      swapon: { x64: 167, arm64: 224 },
      swapoff: { x64: 168, arm64: 225 },
      acct: { x64: 163, arm64: 89 },
      syslog: { x64: 103, arm64: 116 },
      settimeofday: { x64: 164, arm64: 170 },
      clock_settime: { x64: 227, arm64: 112 },
      adjtimex: { x64: 159, arm64: 171 },
      clock_adjtime: { x64: 305, arm64: 266 },
      sethostname: { x64: 170, arm64: 161 },
      setdomainname: { x64: 171, arm64: 162 },
      iopl: { x64: 172 },
      ioperm: { x64: 173 }
    }
  }
]

/** Refused unless an argument is this value. */
export const onlyIf: { calls: Calls; argument: number; value: 'own pid' | 0 }[] = [
  { calls: { kill: { x64: 62, arm64: 129 } }, argument: 0, value: 'own pid' },
  { calls: { tgkill: { x64: 234, arm64: 131 } }, argument: 0, value: 'own pid' },
  // The limits, and the priority, of another process.
  { calls: { prlimit64: { x64: 302, arm64: 261 } }, argument: 0, value: 0 },
  { calls: { setpriority: { x64: 141, arm64: 140 } }, argument: 1, value: 0 }
]

export const clone = { x64: 56, arm64: 220 }
export const anyNamespace = 0x7e020000
export const fcntl = { x64: 72, arm64: 25 }
/** Commands that have the kernel send a signal to another process. */
export const setOwner = [8, 15]

/** Opening to read and cutting off at once: older kernels ask for no right to write. By the place of the flags. */
export const opens = [
  { number: { x64: 2 }, flagsAt: 1 },
  { number: { x64: 257, arm64: 56 }, flagsAt: 2 }
]
export const accessAndTruncate = { mask: 0o1003, refused: 0o1000 }
