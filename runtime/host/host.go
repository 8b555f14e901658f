// Package host is the door to a network: plain operations go in, each is
// answered by its place in the queue, and the network can be looked at. Two
// hosts stand behind it: the kernel (runtime/kernel) and a model in memory
// (runtime/model). One contract test holds both to the same answers.
package host

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"
)

// Start is the name of the namespace vnet was started in. No namespace made by
// a script can bear it.
const Start = "host"

// ErrUnknown is answered by a host that cannot know: the model, asked what a
// program or a packet would do, or about a namespace it may not look into.
var ErrUnknown = errors.New("known only when the script runs")

// A Host carries out operations on a network and looks at it. All methods may
// be called from several goroutines.
type Host interface {
	Looker

	// Apply carries out ops in order and answers each by its place. After the
	// first failure the rest are not tried, or are taken back before Apply
	// returns: their results say Skipped. It stops early when ctx ends.
	//
	// Before an operation can have changed anything, intend is told what will
	// take it back, together with others that are about to be done; when more is
	// learnt it is told again, with all of it. Its error stops the queue there.
	// It may be nil.
	Apply(ctx context.Context, ops []Op, intend Intend) []Result

	// Exec runs a program to its end. The error says why it could not be
	// started or waited for; a program's own failure is in Exit. When ctx ends
	// the program and its process group are killed.
	Exec(ctx context.Context, cmd *Cmd) (Exit, error)

	// Spawn starts a program in the background, in a session of its own and
	// with nothing to read. Its output goes to the file cmd.Log, also when
	// vnet is gone, and from there to cmd.Stdout while the host is open.
	Spawn(ctx context.Context, cmd *Cmd) (Program, error)

	// Listeners gives a number for each socket in a namespace that waits for
	// connections (TCP) or datagrams (UDP) on a port.
	Listeners(ctx context.Context, ns string, port int) ([]uint64, error)

	// Ping sends echo requests one after the other and reports what came back.
	Ping(ctx context.Context, echo Echo) (EchoReport, error)

	// Connect opens a TCP connection or sends a UDP datagram, and reports why
	// it was not answered.
	Connect(ctx context.Context, dial Dial) error

	// Trace follows the way of a packet and returns the address of every
	// router that answered, in order, the destination last. A silent hop is
	// the zero address.
	Trace(ctx context.Context, ns string, to netip.Addr) ([]netip.Addr, error)

	Close() error
}

// A Looker shows a network without changing it.
type Looker interface {
	// Namespaces lists the named namespaces, sorted, Start not among them.
	Namespaces(ctx context.Context) ([]string, error)

	// Exists reports whether there is a namespace of that name. It looks no
	// further, and so costs next to nothing.
	Exists(ctx context.Context, ns string) (bool, error)

	// State shows one namespace. It is ErrUnknown where the host may not look,
	// and an *Error with ENOENT where there is no such namespace.
	State(ctx context.Context, ns string) (*State, error)

	// Sysctl reads a kernel parameter of a namespace by its dotted name.
	Sysctl(ctx context.Context, ns, key string) (string, error)

	// RouteGet returns the route a packet to dst would take.
	RouteGet(ctx context.Context, ns string, dst netip.Addr) (Route, error)
}

// An Intend is told what will be done next.
type Intend func([]Intention) error

// An Intention is what will take back an operation that is about to be done,
// and what is left to do for it when the transaction is committed.
type Intention struct {
	At    int // its place in the queue
	Undo  []Op
	Final []Op
}

// A Result is the answer to one operation.
type Result struct {
	Err     error // an *Error when the network refused
	Undo    []Op  // what takes the operation back, in the order to apply
	Final   []Op  // what is left to do when the transaction is committed
	Skipped bool  // not in force because one before it failed, or ctx ended
}

// A Cmd is a program to run inside a namespace as `ip netns exec` would:
// with the namespace's /sys and its files from /etc/netns.
type Cmd struct {
	NS     string
	Argv   []string
	Path   string   // the file to run; empty: what Argv[0] names
	Env    []string // K=V, added to vnet's own environment
	Dir    string   // empty: vnet's own
	User   string   // empty: vnet's own; a name or a number
	Group  string   // the ID of the GroupAdd it belongs to, with all that it starts; empty: none
	Log    string   // of Spawn: the file for its output
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// An Exit is how a program ended. Signal is empty unless one killed it; then
// Status is 128 and the signal's number, as the shell counts.
type Exit struct {
	Status int
	Signal string
	Time   time.Duration
	Left   bool // something may still run in its group
}

// An Echo asks for echo requests (ICMP, RFC 792, or ICMPv6, RFC 4443).
type Echo struct {
	NS       string
	To       netip.Addr
	Count    int           // how many; at least 1
	Size     int           // bytes of payload
	Timeout  time.Duration // how long to wait for each answer
	Interval time.Duration // from one request to the next
}

// An EchoReport says what came back of an Echo.
type EchoReport struct {
	Sent, Received int
	RTT            []time.Duration // of each answer
	Why            string          // the last reason there was none: "10.0.0.1 says: host unreachable"
}

// A Dial asks for a connection.
type Dial struct {
	NS      string
	Proto   string // tcp or udp
	To      netip.AddrPort
	Timeout time.Duration
}
