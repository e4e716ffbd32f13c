fn main() {
    {
        const _: () = {
            let tools = [
                __tool_attribute_on_weather(),
                other::__tool_attribute_on_forecast(),
            ];
            other::__tool_attribute_on_forecast().assert_new_in(&tools, 1usize);
        };
        [__tool_attribute_on_weather(), other::__tool_attribute_on_forecast()]
    }
}
