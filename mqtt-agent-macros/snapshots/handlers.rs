fn main() {
    [
        __on_or_request_attribute_on_reading(),
        other::__on_or_request_attribute_on_status(),
    ]
}
