package runtime

import (
	"context"
	"errors"
	"io/fs"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/graph"
	"vnet/runtime/kernel"
)

// Graph draws the network that a script makes, wherever it may run: it looks
// at nothing of this machine but the modules it imports.
func Graph(ctx context.Context, s Script) (*graph.Graph, diag.List) {
	r := rehearsal(ctx, s, nil)
	if r.found.Failed() || r.net == nil {
		return nil, r.found
	}
	g, err := graph.Of(ctx, r.net)
	if err != nil {
		return nil, append(r.found, bug(err))
	}
	return g, r.found
}

// GraphAlive draws the network that is there, whoever made it.
func GraphAlive(ctx context.Context) (*graph.Graph, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	g, err := graph.Of(ctx, k)
	if err != nil {
		return nil, diag.List{unseen(err)}
	}
	return g, nil
}

// unseen explains why what is alive cannot be looked at.
func unseen(err error) *diag.Diagnostic {
	if errors.Is(err, fs.ErrPermission) {
		return diag.New(diag.NeedsPrivilege, token.Span{}, "looking into namespaces needs root")
	}
	return machine(err)
}
