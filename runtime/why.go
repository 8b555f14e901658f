package runtime

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/path"
)

// How long `why` may look, and wait for an answer to the one packet it sends.
const (
	whyPatience = 10 * time.Second
	whyProbe    = time.Second
)

// A Why says what stops packets on their way.
type Why struct {
	*path.Report
	Answered bool   `json:"answered"` // a packet was sent, and an answer came
	Answer   string `json:"answer"`   // what came of it, in words
}

// WhyQuery reads the two sides of an arrow: a namespace, and a namespace, an
// interface or an address, each with a port if one is meant.
func WhyQuery(from, to string, size int) (path.Query, error) {
	q := path.Query{From: from, Size: size}
	if ap, err := netip.ParseAddrPort(to); err == nil {
		q.Addr, q.Port = ap.Addr(), int(ap.Port())
	} else if a, err := netip.ParseAddr(to); err == nil {
		q.Addr = a
	} else {
		ns, rest, _ := strings.Cut(to, ":")
		q.To = ns
		if q.Port, err = strconv.Atoi(rest); err != nil {
			q.Link = rest
		}
	}
	for _, ns := range []string{q.From, q.To} {
		if ns != "" && ns != host.Start {
			if err := name.Namespace(ns); err != nil {
				return q, err
			}
		}
	}
	if q.From == "" || q.To == "" && !q.Addr.IsValid() {
		return q, errors.New("two namespaces are wanted:  h1 h2")
	}
	if q.Port < 0 || q.Port > 65535 {
		return q, errors.New("a port is from 1 to 65535")
	}
	return q, nil
}

// WhyAlive follows a packet over the network that is there.
func WhyAlive(ctx context.Context, q path.Query) (*Why, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	w, err := why(ctx, k, q)
	var absent *host.Error
	switch {
	case errors.As(err, &absent) && ctx.Err() == nil && absent.Field == host.FieldNS && absent.Kernel == "":
		return nil, diag.List{diag.New(diag.UnknownNamespace, token.Span{}, "%s", absent.Error())}
	case err != nil:
		return nil, diag.List{unseen(err)}
	}
	return w, nil
}

// Why follows a packet over the network of a session.
func (s *Session) Why(ctx context.Context, q path.Query) (*Why, error) {
	defer s.idle()
	return why(ctx, s.host, q)
}

// why follows a packet, and then sends one: an answer proves what was found
// wrong, and silence what was not found.
func why(ctx context.Context, h host.Host, q path.Query) (*Why, error) {
	ctx, cancel := context.WithTimeout(ctx, whyPatience)
	defer cancel()
	r, err := path.Find(ctx, h, q)
	if err != nil {
		return nil, err
	}
	w := &Why{Report: r}
	if !r.Target.IsValid() {
		return w, nil
	}
	if q.Port != 0 {
		err := h.Connect(ctx, host.Dial{NS: q.From, Proto: "tcp", To: netip.AddrPortFrom(r.Target, uint16(q.Port)), Timeout: whyProbe})
		w.Answered, w.Answer = err == nil, "a connection to port "+strconv.Itoa(q.Port)+" is opened"
		if err != nil {
			w.Answer = "no connection: " + err.Error()
		}
	} else if err := w.ping(ctx, h, q); err != nil {
		w.Answer = "no ping: " + err.Error()
	}
	if w.Answered && r.Stop != nil {
		r.Doubts = append([]path.Finding{*r.Stop}, r.Doubts...)
		r.Stop = nil
	}
	return w, nil
}

func (w *Why) ping(ctx context.Context, h host.Host, q path.Query) error {
	const headers4, headers6 = 28, 48 // of IP and of ICMP
	size := 56
	if q.Size > 0 {
		size = max(0, q.Size-headers4)
		if w.Target.Is6() {
			size = max(0, q.Size-headers6)
		}
	}
	rep, err := h.Ping(ctx, host.Echo{NS: q.From, To: w.Target, Count: 1, Size: size, Timeout: whyProbe})
	if err != nil {
		return err
	}
	w.Answered, w.Answer = rep.Received > 0, "a ping is answered"
	if !w.Answered {
		w.Answer = "a ping is not answered"
		if rep.Why != "" {
			w.Answer += ": " + rep.Why
		}
	}
	return nil
}

// Lines tells what was found, to be read by a person.
func (w *Why) Lines() []string {
	var out []string
	back := false
	for _, s := range w.Steps {
		if s.Back && !back {
			out = append(out, "and back:")
		}
		back = s.Back
		out = append(out, "  "+s.NS+": "+s.What)
	}
	finding := func(mark string, f path.Finding) {
		out = append(out, mark+f.String())
		if f.Repair != "" {
			out = append(out, "  repair: "+f.Repair)
		}
	}
	if w.Stop != nil {
		finding("stopped: ", *w.Stop)
	}
	for _, d := range w.Doubts {
		finding("perhaps: ", d)
	}
	if w.Answer != "" {
		out = append(out, w.Answer)
	}
	switch {
	case w.Answered && w.Stop == nil:
	case w.Stop == nil && len(w.Doubts) == 0:
		out = append(out, "nothing was found that stops it; traffic control, XDP, legacy iptables and programs are not looked at")
	}
	return out
}
