package rollback

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"testing"

	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

//go:embed testdata/twin.vnet
var twinText string

// A twin is a model of the network of a lab, of which all is known.
type twin struct{ *model.Net }

func (w twin) State(ctx context.Context, ns string) (*host.State, error) {
	st, err := w.Net.State(ctx, ns)
	if errors.Is(err, host.ErrUnknown) {
		err = nil
	}
	return st, err
}

func newTwin(t testing.TB) twin {
	t.Helper()
	net := model.New(model.Options{})
	x := tx.New(net, nil)
	if err := carryOut(t.Context(), twinText, eval.Config{Host: net, Tx: x, Net: net}); err != nil {
		t.Fatal(err)
	}
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return twin{net}
}

// carryOut runs or rehearses a text.
func carryOut(ctx context.Context, text string, c eval.Config) error {
	file, found := parse.File("twin.vnet", text)
	if found.Failed() {
		return found
	}
	c.Module, c.Stdout, c.Stderr = stdlib.Module, io.Discard, io.Discard
	in := eval.New(c)
	if err := in.Run(ctx, file); err != nil {
		return err
	}
	if found := in.Diags(); found.Failed() {
		return found
	}
	return nil
}

// valid reports whether a text can be run on the lab.
func (w twin) valid(text string) bool {
	net := model.New(model.Options{Source: w})
	return carryOut(context.Background(), text, eval.Config{Host: net, Tx: tx.New(net, nil), Net: net, Rehearse: true}) == nil
}
