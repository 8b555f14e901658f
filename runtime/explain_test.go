package runtime_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vnet/lang/diag"
	"vnet/runtime"
)

// onlyWhenRun begins the codes whose wrong examples only a run can show:
// programs and checks that fail, and refusals of the kernel.
var onlyWhenRun = regexp.MustCompile(`^V(400|401|51|6003)`)

// Every wrong example of `vnet explain` shows its mistake, and no other
// example has one.
func TestExamplesOfPages(t *testing.T) {
	for _, code := range diag.Codes() {
		page, _ := diag.Explain(code)
		for i, ex := range examples(page) {
			got := runtime.Check(context.Background(), runtime.Script{Name: string(code) + ".vnet", Text: ex.text})
			shows := slices.ContainsFunc(got, func(d *diag.Diagnostic) bool { return d.Code == code })
			switch {
			case !ex.wrong && got.Failed():
				t.Errorf("%s: example %d is wrong:\n%s\n%v", code, i+1, ex.text, got)
			case ex.wrong && !shows && !onlyWhenRun.MatchString(string(code)):
				t.Errorf("%s: example %d does not show it:\n%s\n%v", code, i+1, ex.text, got)
			}
		}
	}
}

type example struct {
	text  string
	wrong bool
}

// examples takes the blocks called vnet and vnet wrong out of a page.
func examples(page string) []example {
	var out []example
	inside := false
	for line := range strings.Lines(page) {
		fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case ok && strings.HasPrefix(fence, "vnet"):
			out = append(out, example{wrong: fence == "vnet wrong"})
			inside = true
		case ok:
			inside = false
		case inside:
			out[len(out)-1].text += line
		}
	}
	return out
}
