package eval_test

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// A choosy host is a network that refuses a namespace.
type choosy struct {
	*model.Net
	not string
}

func (c choosy) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	at := slices.IndexFunc(ops, func(op host.Op) bool { return op == host.NamespaceAdd{Name: c.not} })
	if at < 0 {
		return c.Net.Apply(ctx, ops, intend)
	}
	results := append(c.Net.Apply(ctx, ops[:at], intend), host.Result{Err: syscall.ENOBUFS})
	for range ops[at+1:] {
		results = append(results, host.Result{Skipped: true})
	}
	return results
}

// What is deferred is done also when an operation is refused that was not sent
// yet when the script came to its end.
func TestDeferredBehindARefusal(t *testing.T) {
	h := choosy{model.New(model.Options{}), "b"}
	net := model.New(model.Options{})
	log := tx.New(h, net)
	log.Limit = 100
	in := eval.New(eval.Config{Host: h, Tx: log, Net: net, Module: stdlib.Module})
	file, found := parse.File("t.vnet", "defer { ns d }\nns a b c")
	if found.Failed() {
		t.Fatal(found)
	}
	if err := in.Run(t.Context(), file); err == nil {
		t.Error("the refusal was lost")
	}
	if names, _ := h.Namespaces(t.Context()); !slices.Equal(names, []string{"a", "d"}) {
		t.Errorf("there is %v", names)
	}
}
