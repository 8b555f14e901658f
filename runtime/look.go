package runtime

import (
	"context"
	"errors"
	"io/fs"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/graph"
	"vnet/runtime/host"
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

// GraphAlive draws the network that is there, whoever made it; or the part of it
// that a lab is about.
func GraphAlive(ctx context.Context, called string) (*graph.Graph, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	if called != "" {
		return graphLab(ctx, k, called)
	}
	g, err := graph.Of(ctx, k)
	if err != nil {
		return nil, diag.List{unseen(err)}
	}
	return g, nil
}

// graphLab draws the namespaces that a lab has made or changed, as they are now,
// and of the starting one what is joined to them.
func graphLab(ctx context.Context, k *kernel.Host, called string) (*graph.Graph, diag.List) {
	var spaces []string
	for _, l := range labs() {
		if l.Name != called {
			continue
		}
		for _, s := range l.States() {
			if there, err := k.Exists(ctx, s.NS); err == nil && there && s.NS != host.Start {
				spaces = append(spaces, s.NS)
			}
		}
	}
	if len(spaces) == 0 {
		return graph.From(nil), nil
	}
	states, bad := alive(ctx, k, spaces)
	if bad != nil {
		return nil, diag.List{bad}
	}
	return graph.From(states), nil
}

// unseen explains why what is alive cannot be looked at.
func unseen(err error) *diag.Diagnostic {
	if errors.Is(err, fs.ErrPermission) {
		return diag.New(diag.NeedsPrivilege, token.Span{}, "looking into namespaces needs root")
	}
	return machine(err)
}
