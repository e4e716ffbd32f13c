fn main() {
    {
        const _: () = {
            let __skills = [
                __skill_attribute_on_summarize(),
                other::__skill_attribute_on_translate(),
            ];
            other::__skill_attribute_on_translate().assert_new_in(&__skills, 1usize);
        };
        [__skill_attribute_on_summarize(), other::__skill_attribute_on_translate()]
    }
}
