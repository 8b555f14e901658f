// Package path follows a packet from one namespace to another over what a
// network shows of itself, hop by hop and back again, and names the first thing
// that stops it, with the statement that would repair it. It sends nothing.
package path

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// An Inspector tells what a State does not hold. A network that is none is
// followed without it.
type Inspector interface {
	// PortState is the state of a port of a bridge: forwarding, blocking …
	PortState(ctx context.Context, port host.End) (string, error)
	// Chains lists the chains of nf_tables in a namespace.
	Chains(ctx context.Context, ns string) ([]host.Chain, error)
	// Listeners gives a number for each socket that waits on a port.
	Listeners(ctx context.Context, ns string, port int) ([]uint64, error)
}

// A Query says whose packets are followed, and where to.
type Query struct {
	From string     // a namespace
	To   string     // a namespace, or empty
	Link string     // an interface of To, or empty
	Addr netip.Addr // where To is empty, or one of its addresses
	Port int        // 0: an echo request
	UDP  bool       // the port is of UDP, else of TCP
	Size int        // bytes of the packet, its IP header counted; 0: as ping has it
}

// Cause is what kind of thing stops a packet. The names are stable.
type Cause string

// The causes.
const (
	NoNamespace Cause = "no-namespace"
	NoTarget    Cause = "no-target-address"
	NoAddress   Cause = "no-address"
	Tentative   Cause = "tentative-address"
	LinkDown    Cause = "link-down"
	NoCarrier   Cause = "no-carrier"
	NoRoute     Cause = "no-route"
	Denied      Cause = "route-denies"
	WrongDevice Cause = "wrong-device"
	WrongVia    Cause = "wrong-gateway"
	NotOnLink   Cause = "not-on-segment"
	NotAPort    Cause = "not-a-port"
	PortBlocks  Cause = "port-not-forwarding"
	BadNeigh    Cause = "wrong-neighbour"
	NotRouting  Cause = "forwarding-off"
	ReversePath Cause = "rp-filter"
	Filtered    Cause = "filter"
	TooBig      Cause = "mtu"
	Loop        Cause = "loop"
	NoListener  Cause = "no-listener"
	EchoIgnored Cause = "echo-ignored"
)

// A Step is one thing that was found in order.
type Step struct {
	NS   string `json:"namespace"`
	What string `json:"what"`
	Back bool   `json:"back"`
}

// A Finding is what stops a packet, or may.
type Finding struct {
	NS     string `json:"namespace"`
	Cause  Cause  `json:"cause"`
	What   string `json:"what"`
	Repair string `json:"repair"` // a statement of the language; empty when none is known
	Back   bool   `json:"back"`   // it stops the answer, not the packet
}

// String is the finding in one sentence.
func (f *Finding) String() string {
	if f.Back {
		return "on the way back, " + f.What
	}
	return f.What
}

// A Report is what was found on a way.
type Report struct {
	From   string     `json:"from"`
	To     string     `json:"to"`
	Source netip.Addr `json:"source"`
	Target netip.Addr `json:"target"`
	Steps  []Step     `json:"steps"`
	Stop   *Finding   `json:"stop"`   // the first thing that stops it; nil: none was found
	Doubts []Finding  `json:"doubts"` // what may stop it, or could not be looked at
}

// Find follows a packet and its answer.
func Find(ctx context.Context, net host.Looker, q Query) (*Report, error) {
	w := &walker{ctx: ctx, net: net, q: q, states: map[string]*host.State{}}
	w.inspect, _ = net.(Inspector)
	w.r = &Report{From: q.From, To: q.To, Steps: []Step{}, Doubts: []Finding{}}
	if w.r.To == "" {
		w.r.To = q.Addr.String()
	}
	if q.Size == 0 {
		w.q.Size = 84
	}
	err := w.there()
	if err == nil {
		err = w.andBack()
	}
	if errors.Is(err, errStopped) || errors.Is(err, errBeyond) {
		err = nil
	}
	return w.r, err
}

var (
	errStopped = errors.New("stopped")
	errBeyond  = errors.New("the way leaves what can be seen")
)

// A walker follows one packet.
type walker struct {
	ctx     context.Context
	net     host.Looker
	inspect Inspector // nil: not to be had
	q       Query
	r       *Report
	states  map[string]*host.State
	names   []string // of all namespaces, once asked for
	end     string   // the namespace the packet has come to
	back    bool
	nat     bool // addresses are translated on the way: the answer's are not known
}

func (w *walker) step(ns, format string, args ...any) {
	w.r.Steps = append(w.r.Steps, Step{NS: ns, What: fmt.Sprintf(format, args...), Back: w.back})
}

func (w *walker) stop(ns string, c Cause, repair, format string, args ...any) error {
	w.r.Stop = w.finding(ns, c, repair, fmt.Sprintf(format, args...))
	return errStopped
}

func (w *walker) doubt(ns string, c Cause, repair, format string, args ...any) {
	w.r.Doubts = append(w.r.Doubts, *w.finding(ns, c, repair, fmt.Sprintf(format, args...)))
}

func (w *walker) finding(ns string, c Cause, repair, what string) *Finding {
	return &Finding{NS: ns, Cause: c, What: what, Repair: repair, Back: w.back}
}

// state shows a namespace; each is looked at once.
func (w *walker) state(ns string) (*host.State, error) {
	if s := w.states[ns]; s != nil {
		return s, nil
	}
	s, err := w.net.State(w.ctx, ns)
	if err != nil && (s == nil || !errors.Is(err, host.ErrUnknown)) {
		return nil, err
	}
	w.states[ns] = s
	return s, nil
}

// all gives the names of the namespaces, the starting one first.
func (w *walker) all() ([]string, error) {
	if w.names == nil {
		names, err := w.net.Namespaces(w.ctx)
		if err != nil {
			return nil, err
		}
		w.names = append([]string{host.Start}, names...)
	}
	return w.names, nil
}

// there follows the packet.
func (w *walker) there() error {
	for _, ns := range []string{w.q.From, w.q.To} {
		if err := w.present(ns); err != nil {
			return err
		}
	}
	if err := w.target(); err != nil {
		return err
	}
	src, err := w.walk(w.q.From, w.r.Target, netip.Addr{})
	if err != nil {
		return err
	}
	w.r.Source = src
	return w.answering()
}

// andBack follows the answer.
func (w *walker) andBack() error {
	w.back = true
	if w.nat || !w.r.Source.IsValid() || w.r.Source == w.r.Target || w.end == w.q.From {
		return nil
	}
	_, err := w.walk(w.end, w.r.Source, w.r.Target)
	return err
}

func (w *walker) present(ns string) error {
	if ns == "" || ns == host.Start {
		return nil
	}
	_, err := w.state(ns)
	var absent *host.Error
	if !errors.As(err, &absent) {
		return err
	}
	names, listErr := w.all()
	if listErr != nil {
		return err
	}
	for _, n := range names {
		if n == ns {
			return err
		}
	}
	repair := "ns " + ns
	if near, ok := name.Near(ns, names); ok {
		return w.stop(ns, NoNamespace, repair, "there is no namespace `%s`; did you mean `%s`?", name.Quote(ns), near)
	}
	return w.stop(ns, NoNamespace, repair, "there is no namespace `%s`", name.Quote(ns))
}

// answering looks whether somebody is there to answer.
func (w *walker) answering() error {
	if w.q.Port == 0 {
		key := "net.ipv4.icmp_echo_ignore_all"
		if w.r.Target.Is6() {
			key = "net.ipv6.icmp.echo_ignore_all"
		}
		if w.sysctl(w.end, key) == "1" {
			return w.stop(w.end, EchoIgnored, "in "+w.end+" sysctl "+key+" = 0", "%s answers no echo requests: %s is 1", w.end, key)
		}
		return nil
	}
	if w.inspect == nil {
		return nil
	}
	found, err := w.inspect.Listeners(w.ctx, w.end, w.q.Port)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return w.stop(w.end, NoListener, "", "nothing listens on port %d in %s", w.q.Port, w.end)
	}
	w.step(w.end, "a program listens on port %d", w.q.Port)
	return nil
}

// sysctl is the value of a kernel parameter, empty where it is not known.
func (w *walker) sysctl(ns, key string) string {
	v, err := w.net.Sysctl(w.ctx, ns, key)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(v)
}
