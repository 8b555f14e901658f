package host

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
)

// A Field names the part of an operation that a complaint is about, so that
// the message can point at the word that wrote it.
type Field string

// The fields of operations.
const (
	FieldNone   Field = ""
	FieldNS     Field = "namespace"
	FieldName   Field = "name"
	FieldPeer   Field = "peer" // the second end of a veth
	FieldPeerNS Field = "peer namespace"
	FieldAddr   Field = "address"
	FieldMAC    Field = "mac"
	FieldMTU    Field = "mtu"
	FieldMaster Field = "master"
	FieldParent Field = "parent"
	FieldDest   Field = "destination"
	FieldVia    Field = "via"
	FieldDev    Field = "dev"
	FieldSrc    Field = "src"
	FieldTable  Field = "table"
	FieldKey    Field = "key"
	FieldValue  Field = "value"
	FieldID     Field = "id"
	FieldLocal  Field = "local"
	FieldRemote Field = "remote"
	FieldMode   Field = "mode"
	FieldTo     Field = "to"
)

// An Error is a refusal: by the kernel, or by the model in its stead.
type Error struct {
	In     []string // the namespaces it is about, where they are not all of the operation's
	Op     Op
	Errno  syscall.Errno // the kernel's answer, ENOENT for no such namespace
	Kernel string        // its own words (NLMSGERR_ATTR_MSG); may be empty
	Field  Field         // what it is about, where that is known
	What   string        // lower case, the thing first: "v0 in red: already exists"; may be empty
	Code   diag.Code     // where the number does not say it
	Help   []string      // what to do instead
}

func (e *Error) Error() string {
	words := e.What
	if words == "" && e.Op != nil {
		words = e.Op.String()
	}
	if words == "" {
		return e.Words()
	}
	return words + ": " + e.Words()
}

// Words gives the kernel's own text with the name of its errno:
// "mtu greater than device maximum (EINVAL)".
func (e *Error) Words() string {
	text := e.Kernel
	if text == "" {
		text = e.Errno.Error()
	}
	return fmt.Sprintf("%s (%s)", text, ErrnoName(e.Errno))
}

// ErrnoName is what the kernel calls one of its errors; "" for none. Of the two
// names of EOPNOTSUPP it uses this one.
func ErrnoName(errno syscall.Errno) string {
	if errno == unix.EOPNOTSUPP {
		return "EOPNOTSUPP"
	}
	return unix.ErrnoName(errno)
}

// Unwrap lets callers ask errors.Is(err, syscall.EEXIST).
func (e *Error) Unwrap() error { return e.Errno }

// Misplaced says that a move was refused over something that the interface
// bears, by the refusal of what was to give it that in its new namespace.
func (o LinkMove) Misplaced(part Op, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	what, remove := "", Op(nil)
	switch part := part.(type) {
	case AddrSet:
		part.Verb, part.Addr.NS = Del, o.NS
		what, remove = "address "+part.Addr.Prefix.String(), part
	case RouteSet:
		part.Verb, part.Route.NS, part.Route.Proto = Del, o.NS, 0
		what, remove = "route "+part.Route.String(), part
	case NeighSet:
		part.Verb, part.Neigh.NS = Del, o.NS
		what, remove = "neighbour "+part.Neigh.IP.String(), part
	default:
		return err
	}
	return &Error{Op: o, Errno: e.Errno, Kernel: e.Kernel, Field: FieldTo,
		What: fmt.Sprintf("%s in %s: its %s", o.Name, o.To, what),
		Help: []string{"remove that first: " + remove.String()}}
}

// A Key names an object that a script made or used, so that a message can
// point at the place where that happened.
type Key struct {
	What string // namespace, link, address, file
	Name string // red, red:eth0, red:eth0 10.0.0.1
}

// A Finding is something wrong with an operation that can be told before the
// kernel is asked: a rule of the network the operation breaks.
type Finding struct {
	Code    diag.Code
	Warning bool
	Field   Field
	Index   int    // which of several values of that field
	Summary string // one line, lower case
	Label   string
	Help    []string
	Related Key    // the other object that matters; zero for none
	Remark  string // what to say at the place where Related was made
}
