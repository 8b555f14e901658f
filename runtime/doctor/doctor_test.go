package doctor

import (
	"context"
	"slices"
	"strings"
	"testing"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/lang/usage"
	"vnet/runtime"
)

// What is to be tried must not fail for another reason than the machine.
func TestTrialsAreValid(t *testing.T) {
	seen := map[string]bool{}
	for _, trial := range trials {
		if list := runtime.Check(t.Context(), runtime.Script{Name: trial.name, Text: trial.script}); len(list) > 0 {
			t.Errorf("%s: %v", trial.name, list)
		}
		if key := trial.group + "/" + trial.name; seen[key] {
			t.Errorf("%s stands there twice", key)
		} else {
			seen[key] = true
		}
	}
}

// Every statement that makes an interface is tried.
func TestTrialsOfAllInterfaces(t *testing.T) {
	n := 0
	for _, e := range usage.All() {
		if !slices.ContainsFunc(e.Pattern().Nodes, func(n usage.Node) bool { return n.Kind == usage.NewEnd }) {
			continue
		}
		n++
		if !slices.ContainsFunc(trials, func(t trial) bool {
			return t.group == interfaces && t.name == e.Word && strings.Contains(t.script, e.Word+" ")
		}) {
			t.Errorf("`%s` makes interfaces, and is not tried", e.Word)
		}
	}
	if n < 5 {
		t.Errorf("only %d statements make interfaces?", n)
	}
}

// What a script meets is what is reported, with what may help.
func TestTrial(t *testing.T) {
	try := trial{group: interfaces, name: "ifb", script: "ns a\nifb a:i0", needed: true, help: "load it"}
	for _, c := range []struct {
		name   string
		report *runtime.Report
		says   string // on standard error
		want   string
	}{
		{"it works", &runtime.Report{}, "", ""},
		{"the kernel lacks it", &runtime.Report{Ending: runtime.Unsupported, Diags: diag.List{
			diag.Warn(diag.Refused, token.Span{}, "odd"),
			{Code: diag.RefusedUnsupported, Summary: "this kernel has no ifb interfaces", Kernel: "Unknown device type (EOPNOTSUPP)"},
		}}, "", "V5105 this kernel has no ifb interfaces: Unknown device type (EOPNOTSUPP); load it"},
		{"a program complains", &runtime.Report{Ending: runtime.Failed, Diags: diag.List{{Code: diag.ProgramFailed, Summary: "nft ended with status 1"}}},
			"first\nlast\n", "V4001 nft ended with status 1: last; load it"},
		{"without a word", &runtime.Report{Ending: runtime.Incomplete}, "", "V7013 it is not done: ; load it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := try.run(t.Context(), func(_ context.Context, s runtime.Script, set runtime.Settings) *runtime.Report {
				if s.Text != try.script || !set.Remove || set.Timeout == 0 {
					t.Errorf("%+v %+v", s, set)
				}
				_, _ = set.Stderr.Write([]byte(c.says))
				return c.report
			})
			got := ""
			if f.Why != nil {
				got = string(f.Why.Code) + " " + f.Why.Summary + ": " + f.Why.Kernel + "; " + strings.Join(f.Why.Help, " ")
			}
			if got != c.want || !f.Needed || (f.State == Works) != (c.want == "") {
				t.Errorf("%+v: %q, want %q", f, got, c.want)
			}
		})
	}
}
