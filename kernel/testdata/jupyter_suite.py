"""Jupyter's own suite for kernels, with samples for every one of its tests."""

import unittest

import jupyter_kernel_test as jkt


class SaddleTests(jkt.KernelTests):
    kernel_name = "saddle"
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'fmt.Fprintln(os.Stderr, "oops")'
    completion_samples = [
        {"text": "fmt.Sprintl", "matches": ["Sprintln"]},
        {"text": "strings.ToUppe", "matches": ["ToUpper", "ToUpperSpecial"]},
    ]
    complete_code_samples = ["1 + 1", "x := 5", "for i := range 3 {\n\tfmt.Println(i)\n}", "%help"]
    incomplete_code_samples = ["if true {", "f(1,", "x := `text", "func g() {"]
    invalid_code_samples = ["1 +/ 2", "if } {", "x := := 3"]
    code_page_something = "%help"
    code_generate_error = 'panic("on purpose")'
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": '"a" + "b"', "result": "ab"},
        {"code": "[]int{1, 2}", "result": "[1 2]"},
    ]
    code_display_data = [
        {"code": 'import "github.com/janpfeifer/gonb/gonbui"\ngonbui.DisplayHTML("<b>bold</b>")', "mime": "text/html"},
        {"code": 'import "github.com/janpfeifer/gonb/gonbui"\ngonbui.DisplayMarkdown("# Title")', "mime": "text/markdown"},
    ]
    code_history_pattern = "1 + ?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "fmt.Println"
    code_clear_output = "display.Clear(false)"

    def setUp(self):
        # The suite waits 0.1 s for each message after the reply; the first cell also waits for the worker.
        if not getattr(type(self), "warm", False):
            type(self).warm = True
            self.kc.execute_interactive("1", timeout=120)


class WelcomeTests(jkt.IopubWelcomeTests):
    kernel_name = "saddle"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
