package runtime

import (
	"context"
	"errors"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
)

// A Listener is a set of interfaces whose frames wait to be read.
type Listener interface {
	Taps() []host.Tap
	Read(ctx context.Context, see func(tap int, f host.Frame) error) error
	Close()
}

// listening keeps the kernel's door open as long as it is listened.
type listening struct {
	*kernel.Listening
	k *kernel.Host
}

func (l listening) Close() {
	l.Listening.Close()
	_ = l.k.Close()
}

// Listen begins to listen to interfaces that are alive.
func Listen(ctx context.Context, ends []host.End) (Listener, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	for _, end := range ends {
		if d := absent(ctx, k, end.NS); d != nil {
			_ = k.Close()
			return nil, diag.List{d}
		}
	}
	l, err := k.Listen(ctx, ends)
	if err == nil {
		return listening{l, k}, nil
	}
	_ = k.Close()
	var e *host.Error
	switch {
	case !errors.As(err, &e):
	case e.Errno == syscall.ENOENT:
		return nil, diag.List{diag.New(diag.UnknownNamespace, token.Span{}, "%s", e.Error())}
	case e.Errno == syscall.ENODEV:
		return nil, diag.List{diag.New(diag.UnknownLink, token.Span{}, "%s", e.Error())}
	}
	return nil, diag.List{unseen(err)}
}
