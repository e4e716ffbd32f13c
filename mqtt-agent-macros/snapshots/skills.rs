fn main() {
    {
        const _: () = {
            let skills = [
                __skill_attribute_on_summarize(),
                other::__skill_attribute_on_translate(),
            ];
            other::__skill_attribute_on_translate().assert_new_in(&skills, 1usize);
        };
        [__skill_attribute_on_summarize(), other::__skill_attribute_on_translate()]
    }
}
