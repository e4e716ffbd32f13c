# Sourced by the scripts of a broker's folder: `$here` is that folder, `$home` where the broker is installed.
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
tests=$(dirname "$(dirname "$here")")
home=${CARGO_TARGET_DIR:-$(dirname "$tests")/target}/brokers/$(basename "$here")
