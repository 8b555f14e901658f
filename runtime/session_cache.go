package runtime

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vnet/lang/ast"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/value"
)

// An Alive is what there is at some moment: of the network and of the session.
// It is not changed once it is made.
type Alive struct {
	Names      []string               // of namespaces, sorted, without host
	Spaces     map[string]*host.State // as far as they have been looked at, host among them
	Scope      string
	Variables  map[string]value.Value
	Functions  map[string]*ast.Def
	Programs   []eval.Background
	Savepoints []string // newest first
}

// Has reports whether there is a namespace of that name.
func (a *Alive) Has(ns string) bool {
	_, found := slices.BinarySearch(a.Names, ns)
	return found || ns == host.Start
}

// States are the namespaces that were looked at, the starting one first.
func (a *Alive) States() []*host.State {
	var out []*host.State
	for _, ns := range append([]string{host.Start}, a.Names...) {
		if s := a.Spaces[ns]; s != nil {
			out = append(out, s)
		}
	}
	return out
}

// A cache is what was alive after the last entry. The namespaces are looked at
// in the background, so that nobody who types has to wait for hundreds of them;
// until that is done, what was known of them before stands in.
type cache struct {
	mu     sync.Mutex
	alive  *Alive // nil: to be made anew
	wanted bool   // somebody types: look at namespaces without being asked
	cancel func()
	done   chan struct{} // of the looking that goes on; nil: none
	spaces map[string]*host.State
}

// Alive tells what there was after the last entry. It costs nothing and may be
// called at every key.
func (s *Session) Alive() *Alive {
	c := &s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alive == nil {
		c.alive = s.survey()
		c.alive.Spaces = c.spaces
		if c.wanted {
			c.look(c.alive)
		}
	}
	return c.alive
}

// Watch has the namespaces looked at after each entry.
func (s *Session) Watch() {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	s.cache.wanted, s.cache.alive = true, nil
}

// survey is what can be told without looking into namespaces.
func (s *Session) survey() *Alive {
	a := &Alive{Scope: s.Scope(), Variables: s.interp.Variables(), Functions: s.interp.Functions(), Programs: s.interp.Programs()}
	a.Names, _ = s.host.Namespaces(context.Background())
	if s.open != nil {
		for _, p := range slices.Backward(s.open.points) {
			a.Savepoints = append(a.Savepoints, p.name)
		}
	}
	return a
}

// Look looks at everything now.
func (s *Session) Look(ctx context.Context) (*Alive, error) {
	a := s.survey()
	var err error
	a.Spaces, err = lookInto(ctx, a.Names)
	return a, err
}

// lookInto looks at the starting namespace and those of names. It opens them
// for that only: whoever keeps one open keeps it alive.
func lookInto(ctx context.Context, names []string) (map[string]*host.State, error) {
	k, err := kernel.New()
	if err != nil {
		return nil, err
	}
	defer k.Close()
	spaces := map[string]*host.State{}
	for _, ns := range append([]string{host.Start}, names...) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if state, err := k.State(ctx, ns); err == nil { // else it went meanwhile
			spaces[ns] = state
		}
	}
	return spaces, nil
}

// look looks at the namespaces in the background. The caller holds mu.
func (c *cache) look(a *Alive) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.cancel, c.done = cancel, done
	go func() {
		defer close(done)
		spaces, err := lookInto(ctx, a.Names)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil || c.alive != a {
			return
		}
		fresh := *a
		fresh.Spaces, c.spaces = spaces, spaces
		c.alive = &fresh
	}()
}

// stale says that something may have changed; what looks at namespaces stops.
func (c *cache) stale() {
	c.mu.Lock()
	c.alive = nil
	cancel, done := c.cancel, c.done
	c.cancel, c.done = nil, nil
	c.mu.Unlock()
	if done != nil {
		cancel()
		<-done
	}
}

// A Pinged is the answer to one ping of PingAll.
type Pinged struct {
	From, To string
	OK       bool
}

// pingTime is how long PingAll waits for an answer, pingsAtOnce how many it
// waits for at a time.
const (
	pingTime    = time.Second
	pingsAtOnce = 32
)

// PingAll pings from each namespace to each other, in order. Without names it
// takes those that have an address.
func (s *Session) PingAll(ctx context.Context, names []string) ([]Pinged, error) {
	defer s.idle()
	for _, ns := range names {
		if err := s.absent(ctx, ns); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		alive, err := s.Look(ctx)
		if err != nil {
			return nil, err
		}
		for _, ns := range alive.Names {
			if st := alive.Spaces[ns]; st != nil && slices.ContainsFunc(st.Addrs, Reachable) {
				names = append(names, ns)
			}
		}
	}
	net := s.look()
	var out []Pinged
	var tasks sync.WaitGroup
	turns := make(chan struct{}, pingsAtOnce)
	for _, from := range names {
		for _, to := range names {
			if from != to {
				out = append(out, Pinged{From: from, To: to})
			}
		}
	}
	for i := range out {
		p := &out[i]
		addrs, err := net.Target(p.From, p.To)
		if err != nil {
			continue // it has no address that could answer
		}
		turns <- struct{}{}
		tasks.Go(func() {
			defer func() { <-turns }()
			p.OK = s.answers(ctx, p.From, addrs)
		})
	}
	tasks.Wait()
	return out, context.Cause(ctx)
}

// Reachable reports whether an address is one that others can ping.
func Reachable(a host.Addr) bool {
	return a.Prefix.Addr().IsGlobalUnicast() && a.Link != "lo"
}

// answers pings each of the addresses once.
func (s *Session) answers(ctx context.Context, from string, addrs []netip.Addr) bool {
	for _, a := range addrs {
		rep, err := s.host.Ping(ctx, host.Echo{NS: from, To: a, Count: 1, Size: 56, Timeout: pingTime})
		if err != nil || rep.Received == 0 {
			return false
		}
	}
	return len(addrs) > 0
}

// idle gives back what is held of namespaces: who keeps one open keeps it
// alive when another deletes it.
func (s *Session) idle() {
	if r, ok := s.host.(interface{ Rest() }); ok && s.open == nil {
		r.Rest()
	}
}
