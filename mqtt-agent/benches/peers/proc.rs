//! What Linux tells of a process.

/// The CPU time of a process and the value of `field` in its status, where Linux tells them.
pub(crate) fn cpu(pid: u32) -> Option<u64> {
    let mut nanoseconds = 0;
    // The threads of these processes live as long as they do.
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanoseconds)
}

/// `VmHWM` is the most memory that a process had, `VmRSS` what it has; in bytes.
pub(crate) fn memory(pid: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? * 1024.0)
}
