package repl

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"vnet/runtime"
)

func TestParts(t *testing.T) {
	for in, want := range map[string][]string{
		"ns a; ns b\n":                               {"ns a; ns b\n"},
		"ns a; commit\n":                             {"ns a; commit\n"},
		"begin; ns a; ns b; commit\n":                {"begin\n", "ns a; ns b\n", "commit\n"},
		"begin\nns a\nin a {\n  ns b; ns c\n}\nundo": {"begin\n", "ns a\nin a {\n  ns b; ns c\n}\n", "undo\n"},
		"in a { echo undo; undo }\n":                 {"in a { echo undo; undo }\n"},
		"echo 'a; undo'; echo b # ; undo\n":          {"echo 'a; undo'; echo b # ; undo\n"},
		":source ns a; undo\n":                       {":source ns a; undo\n"},
		"undo;":                                      {"undo\n"},
		"# why\nundo 1 # how\nexit\n":                {"undo 1\n", "exit\n"},
		"# why\nns a # how\nundo # 1":                {"# why\nns a # how\n", "undo\n"},
		"for i in [\n1, 2] {\n ns a$i }; status; {":  {"for i in [\n1, 2] {\n ns a$i }\n", "status\n", "{\n"},
	} {
		if got := parts(in); !slices.Equal(got, want) {
			t.Errorf("%q is carried out as %q, want %q", in, got, want)
		}
	}
}

// Nothing is carried out behind a part that fails, and that is said.
func TestPartsEndWithAFailure(t *testing.T) {
	rec, out := &recorder{}, &bytes.Buffer{}
	p := Prompt{Editor: NewPipe(strings.NewReader("ns a; help :time; bad; :time on; ns b; exit; ns c\nns d\n"), out), Session: rec,
		Out: out, Err: out, Report: func(string, string, *runtime.Report) {}}
	if status := p.Run(t.Context()); status != 1 {
		t.Errorf("status %d", status)
	}
	if want := []string{"ns a\n", "bad\n", "ns d\n"}; !slices.Equal(rec.entries, want) {
		t.Errorf("carried out %q, want %q", rec.entries, want)
	}
	if want := "not carried out: :time on; ns b; exit; ns c\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("it says %q", out.String())
	}
}

func TestFold(t *testing.T) {
	long := "error: no command `:foo`; there are :edit :help :history :load :quit"
	for _, width := range []int{0, 20, 40, 80} {
		got := fold(long, width, "  ")
		for line := range strings.SplitSeq(got, "\n") {
			if width > 0 && len(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		if strings.Join(strings.Fields(got), " ") != long {
			t.Errorf("in %d columns it reads %q", width, got)
		}
	}
}
