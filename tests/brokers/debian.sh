# Sourced by an `install`: unpack RELEASE PACKAGE.. puts packages of another release of Debian, and all that they depend
# on, below `$home/root`. Nothing of the system changes, and nothing else of that release is installed.
unpack() {
    local release=$1 mirror
    shift
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
        grep -v -e security -e '^file:' | grep '/debian/\?$' | head -n 1 || true)
    [ -n "$mirror" ] || { echo "this works on Debian only; install the broker as your system has it" >&2; exit 1; }
    mkdir -p "$home"/apt/{lists/partial,cache/archives/partial} "$home/root"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" >"$home/apt/sources.list"
    local apt=(apt-get -qq -o Dir::Etc::SourceList="$home/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$home/apt/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$home/apt/cache"
        -o APT::Sandbox::User=root -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
    "${apt[@]}" update
    "${apt[@]}" --download-only --no-install-recommends --yes install "$@" >/dev/null
    ln -sfn usr/bin "$home/root/bin" && ln -sfn usr/sbin "$home/root/sbin"
    ln -sfn usr/lib "$home/root/lib" && ln -sfn usr/lib64 "$home/root/lib64"
    mkdir -p "$home"/root/usr/{bin,sbin,lib,lib64}
    local package
    for package in "$home"/apt/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$home/root" --keep-directory-symlink
    done
    # What the packages' own scripts would have done.
    /sbin/ldconfig -n "$home"/root/usr/lib/*-linux-gnu
    rm -r "$home/apt"
}
