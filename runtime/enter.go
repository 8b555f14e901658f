package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
)

// Exec runs a program in a namespace and returns its exit status. It belongs to
// no transaction.
func Exec(ctx context.Context, ns string, argv, env []string, set Settings) (status int, trouble diag.List) {
	k, err := kernel.New()
	if err != nil {
		return 0, diag.List{machine(err)}
	}
	defer k.Close()
	if d := absent(ctx, k, ns); d != nil {
		return 0, diag.List{d}
	}
	exit, err := k.Exec(ctx, &host.Cmd{NS: ns, Argv: argv, Env: append(env, "VNET_NS="+ns),
		Stdin: set.Stdin, Stdout: set.Stdout, Stderr: set.Stderr})
	var program *host.ProgramError
	switch {
	case errors.As(err, &program):
		return 0, diag.List{diag.New(diag.ProgramAbsent, token.Span{}, "%s", name.Quote(program.Error()))}
	case err != nil && ctx.Err() != nil:
		return int(ending(ctx, nil, err)), nil
	case err != nil:
		return 0, diag.List{unseen(err)}
	}
	return exit.Status, nil
}

// absent says that there is no such namespace.
func absent(ctx context.Context, h host.Looker, ns string) *diag.Diagnostic {
	names, err := h.Namespaces(ctx)
	if err != nil {
		return unseen(err)
	}
	return missing(ns, names)
}

// missing says that a namespace is none of those that are there.
func missing(ns string, names []string) *diag.Diagnostic {
	if ns == host.Start || slices.Contains(names, ns) {
		return nil
	}
	d := diag.New(diag.UnknownNamespace, token.Span{}, "no namespace `%s`", name.Quote(ns))
	if space, _, end := strings.Cut(ns, ":"); end && slices.Contains(names, space) {
		return d.WithHelp("the namespace of that interface is `%s`", name.Quote(space))
	}
	if near, ok := name.Near(ns, names); ok {
		d.WithHelp("did you mean `%s`?", near)
	}
	return d
}
