package parse

import (
	"strings"
	"testing"

	"vnet/lang/diag"
)

// The examples of the pages about mistakes in the text are what they say.
func TestPages(t *testing.T) {
	for _, code := range diag.Codes() {
		if !strings.HasPrefix(string(code), "V0") {
			continue
		}
		page, _ := diag.Explain(code)
		for _, fence := range strings.Split(page, "```vnet")[1:] {
			text, _, _ := strings.Cut(fence, "```")
			text, wrong := strings.CutPrefix(text, " wrong")
			_, diags := File("page", strings.TrimPrefix(text, "\n"))
			switch {
			case wrong && (len(diags) == 0 || diags[0].Code != code):
				t.Errorf("%s: the wrong example gives %v", code, diags)
			case !wrong && len(diags) > 0:
				t.Errorf("%s: the right example gives %v", code, diags)
			}
		}
	}
}
