package runtime_test

import (
	"context"
	"slices"
	"testing"

	"vnet/lang/diag"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/model"
)

// A hosted is a model on which programs do nothing, and end well.
type hosted struct{ *model.Net }

func (hosted) Exec(_ context.Context, cmd *host.Cmd) (host.Exit, error) {
	if cmd.Argv[0] == "nosuch" {
		return host.Exit{}, &host.ProgramError{Argv0: cmd.Argv[0], Reason: host.NotFound}
	}
	return host.Exit{}, nil
}

// The report names each statement whose programs no undo reaches, once.
func TestOutside(t *testing.T) {
	r := runtime.RunOn(t.Context(), hosted{model.New(model.Options{})},
		runtime.Script{Name: "test.vnet", Text: "for i in 1..3 { exec true }\nexec true\nexec nosuch\n"}, runtime.Settings{})
	if want := []string{"exec at test.vnet:1", "exec at test.vnet:2"}; !slices.Equal(r.Outside, want) {
		t.Errorf("outside are %q, want %q", r.Outside, want)
	}
	if len(r.Diags) != 1 || r.Diags[0].Code != diag.ProgramAbsent {
		t.Errorf("found %v", r.Diags)
	}
}

// Who forgets the `in` is told so.
func TestExecOfNamespace(t *testing.T) {
	for text, want := range map[string]bool{"ns nosuch\nexec nosuch ip link\n": true, "ns nosuch\nexec nosuch\n": false, "exec nosuch ip link\n": false, "ns nosuch\nexec in nosuch nosuch ip\n": false} {
		r := runtime.RunOn(t.Context(), hosted{model.New(model.Options{})}, runtime.Script{Name: "test.vnet", Text: text}, runtime.Settings{})
		if len(r.Diags) != 1 || r.Diags[0].Code != diag.ProgramAbsent || slices.Contains(r.Diags[0].Help, "`nosuch` is a namespace: exec in nosuch ip …") != want {
			t.Errorf("%q: found %v", text, r.Diags)
		}
	}
}
