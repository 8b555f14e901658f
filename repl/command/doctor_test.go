package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"vnet/lang/diag"
	"vnet/runtime"
	"vnet/runtime/doctor"
)

// Whatever the window, nothing is wider than it, and nothing is lost.
func TestDoctorFits(t *testing.T) {
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	wide := words(describeFindings(someFindings, style{}))
	for width := 30; width <= 160; width += 10 {
		text := describeFindings(someFindings, style{diag.Style{Width: width}})
		for line := range strings.Lines(text) {
			if w := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("a line of %d columns in a window of %d: %q", w, width, line)
			}
		}
		if got := words(text); got != wide {
			t.Errorf("in a window of %d it says\n%s\nelsewhere\n%s", width, got, wide)
		}
	}
}

// Only what no script can do without decides about the exit status.
func TestHealthy(t *testing.T) {
	with := func(codes ...diag.Code) []doctor.Finding {
		list := slices.Clone(someFindings)
		for _, c := range codes {
			list = append(list, doctor.Finding{State: doctor.Fails, Needed: true, Why: &doctor.Problem{Code: c}})
		}
		return list
	}
	for _, c := range []struct {
		found []doctor.Finding
		want  runtime.Ending
	}{
		{with(), runtime.Done},
		{with(diag.NeedsPrivilege), runtime.Forbidden},
		{with(diag.KernelLacks), runtime.Unsupported},
		{with(diag.ProgramAbsent), runtime.Unsupported},
		{with(diag.NeedsPrivilege, diag.KernelLacks), runtime.Unsupported},
	} {
		if got := healthy(c.found); got != c.want {
			t.Errorf("%d, want %d: %+v", got, c.want, c.found)
		}
	}
}
