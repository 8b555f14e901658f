package host

import (
	"context"
	"encoding/json"
)

// A Saver is a host that can bring back exactly what was there before a
// transaction changed it. The operations' own undo takes away what was made;
// but taking down an interface, say, loses routes and addresses that putting
// it up again does not bring back.
type Saver interface {
	// Save takes a picture of a namespace, as data for a journal.
	Save(ctx context.Context, ns string) ([]byte, error)

	// Closeup shows of a namespace, before an operation is done there, what it
	// touches and a picture leaves out, because there may be so much of it: in
	// pieces that fit a record each, none for nothing. Fresh is asked, by what it
	// is and the interface that it is of, if of one, whether it has to be looked at.
	Closeup(ctx context.Context, ns string, op Op, fresh func(what, link string) bool) ([]json.RawMessage, error)

	// Judge tells, before ops are taken back, what somebody else has changed
	// meanwhile of what they touched in a namespace.
	Judge(ctx context.Context, ns string, picture Picture, ops []Op) (Verdict, error)

	// Spare returns what is left of an operation in a namespace when what
	// somebody else has changed there is left alone; nil for nothing.
	Spare(ns string, v Verdict, op Op) Op

	// Restore makes what ops touched in a namespace again what a picture shows,
	// after their undo, and returns what still differs, a line each. What others
	// have changed meanwhile on other objects stays, and what the verdict says.
	// It may be called again.
	Restore(ctx context.Context, ns string, picture Picture, v Verdict, ops []Op) (left []string, err error)
}

// A Picture is what Save gave, with what Closeup gave since, the oldest first. It
// is to be looked at without some of the interfaces on it: those that the
// transaction made before it was taken, and that go when it is taken back.
type Picture struct {
	Data     []byte
	Closeups []json.RawMessage `json:",omitempty"`
	Without  []string
}

// A Verdict says what in a namespace is somebody else's doing.
type Verdict struct {
	Lines []string        // for the user
	Data  json.RawMessage `json:",omitempty"` // for the host that gave it; nil for nothing
}

// Disturbs reports whether an operation can change something that was there
// before, beyond what its own undo brings back. What it makes anew does not
// count; made tells whether an interface was made by the same transaction, or
// since the same savepoint.
func Disturbs(op Op, made func(End) bool) bool {
	switch op := op.(type) {
	case LinkAdd:
		return disturbed(op.Link, made) || op.Link.Macvlan != nil && op.Link.Parent != "" && !made(End{op.Link.NS, op.Link.Parent}) || op.Peer != nil && disturbed(*op.Peer, made)
	case LinkSet:
		return !made(End{op.NS, op.Name}) || op.Master != nil && disturbed(Link{NS: op.NS, Master: *op.Master}, made)
	case LinkMove:
		return !made(End{op.NS, op.Name})
	case LinkDel:
		return !made(End{op.NS, op.Name})
	case AddrSet:
		return !made(End{op.Addr.NS, op.Addr.Link})
	case RouteSet, RuleSet, NeighSet, SysctlSet:
		return true
	}
	return false
}

// disturbed reports whether making a link, or making it a port, changes its
// master, which takes its hardware address and its carrier from its ports.
func disturbed(l Link, made func(End) bool) bool {
	return l.Master != "" && !made(End{l.NS, l.Master})
}
