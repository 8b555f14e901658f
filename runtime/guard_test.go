package runtime_test

import (
	"io"
	"testing"

	"vnet/runtime"
	"vnet/runtime/model"
)

// A script that changes nothing needs nobody to watch over it, and one that does
// is watched before its first operation.
func TestGuardedWhenChanging(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "# nothing\n": 0, "let a = 1 + 1\n": 0, "expect 1 == 1\n": 0, "echo hello\n": 0, "def f() {\n  ns a\n}\n": 0,
		"ns a\n": 1, "if 1 == 1 {\n  ns a\n}\n": 1,
	} {
		net, guards := model.New(model.Options{}), 0
		guard := func(string) func() {
			guards++
			if there, _ := net.Exists(t.Context(), "a"); there {
				t.Errorf("%q: a is there before the guard", text)
			}
			return func() {}
		}
		r := runtime.RunOn(t.Context(), hosted{net}, runtime.Script{Name: "test.vnet", Text: text}, runtime.Settings{Guard: guard, Remove: true, Stdout: io.Discard, Stderr: io.Discard})
		if r.Ending != runtime.Done {
			t.Fatalf("%q: %v", text, r.Diags)
		}
		if guards != want {
			t.Errorf("%q: %d guards, want %d", text, guards, want)
		}
	}
}
