# Sourced by the `run` of each Mosquitto: write_config PORT FOLDER [long-queues] PLUGINS writes its mosquitto.conf.
write_config() {
    local port=$1 folder=$2 plugins=${!#} lines=set_tcp_nodelay\ true
    [ -e "$folder/lines" ] && lines=$(cat "$folder/lines")
    {
        printf 'per_listener_settings false\nlistener %s 127.0.0.1\nuser root\n' "$port"
        case $lines in *allow_anonymous*) ;; *) echo 'allow_anonymous true' ;; esac
        printf '%s\n' "${lines//\{plugins\}/$plugins}"
        if [ "$3" = long-queues ]; then printf 'max_inflight_messages 200\nmax_queued_messages 0\n'; fi
    } >"$folder/mosquitto.conf"
}
