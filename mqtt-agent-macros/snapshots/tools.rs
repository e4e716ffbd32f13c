fn main() {
    {
        const _: () = {
            let __tools = [
                __tool_attribute_on_weather(),
                other::__tool_attribute_on_forecast(),
            ];
            other::__tool_attribute_on_forecast().assert_new_in(&__tools, 1usize);
        };
        [__tool_attribute_on_weather(), other::__tool_attribute_on_forecast()]
    }
}
