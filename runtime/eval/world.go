package eval

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vnet/runtime/host"
	"vnet/runtime/value"
)

// world is what the built-in functions see of it. A rehearsal knows of the
// network what the script made, and nothing of files that programs may write.
type world struct{ t *thread }

func (w world) Getenv(name string) (string, bool) { return os.LookupEnv(name) }

func (w world) ReadFile(path string) ([]byte, error) {
	w.t.loosen()
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.t.cfg.Dir, path)
	}
	data, err := readFile(path)
	if err == nil {
		return data, nil
	}
	// A program of the script may make it before it is wanted.
	if w.t.cfg.Rehearse && w.t.ranPrograms() {
		return nil, value.ErrUnknown
	}
	return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New(reason(err))}
}

// readFile reads a whole file of ordinary size. It is opened without waiting:
// a FIFO that nobody writes to would hold us up for ever.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, syscall.EISDIR
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, value.MaxText+1))
	if len(data) > value.MaxText {
		return nil, fmt.Errorf("larger than %d MB", value.MaxText>>20)
	}
	return data, err
}

// ranPrograms reports whether a program has been rehearsed so far.
func (t *thread) ranPrograms() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tally.Programs > 0
}

func (w world) Arg(name string) (value.Value, bool) {
	text, ok := w.t.cfg.Args[name]
	if !ok {
		return nil, false
	}
	return value.Parse(text), true
}

func (w world) Random() io.Reader {
	if w.t.cfg.Rehearse {
		w.t.loosen()
		return nil
	}
	return rand.Reader
}

func (w world) Exists(ref value.Value) (value.Value, error) {
	w.t.loosen()
	if e, ok := ref.(value.End); ok {
		if !w.t.cfg.Net.Known(e.NS) && e.NS != host.Start {
			return value.Bool(false), nil
		}
		state, err := w.state(e.NS)
		if err != nil {
			return nil, err
		}
		_, found := state.Link(e.If)
		return value.Bool(found), nil
	}
	text, err := value.AsText(ref)
	if err != nil {
		return nil, err
	}
	if text == host.Start || w.t.cfg.Net.Known(text) {
		return value.Bool(true), nil
	}
	if w.t.cfg.Foreign {
		return nil, value.ErrUnknown
	}
	return value.Bool(false), nil
}

// state looks at a namespace with all that was queued before.
func (w world) state(ns string) (*host.State, error) {
	w.t.loosen()
	if err := w.t.tx().Flush(w.t.ctx); err != nil {
		return nil, err
	}
	state, err := w.t.cfg.Host.State(w.t.ctx, ns)
	if errors.Is(err, host.ErrUnknown) {
		return nil, value.ErrUnknown
	}
	return state, err
}

// stateOf looks at the namespace that a value names.
func (w world) stateOf(ns value.Value) (*host.State, error) {
	text, err := value.AsText(ns)
	if err != nil {
		return nil, err
	}
	return w.state(text)
}

func (w world) Addrs(ref value.Value) (value.Value, error) {
	ns, link := "", ""
	if e, ok := ref.(value.End); ok {
		ns, link = e.NS, e.If
	} else {
		text, err := value.AsText(ref)
		if err != nil {
			return nil, err
		}
		ns = text
	}
	state, err := w.state(ns)
	if err != nil {
		return nil, err
	}
	out := value.List{}
	for _, a := range state.Addrs {
		if link == "" && a.Link != "lo" || a.Link == link {
			out = append(out, value.NewCIDR(a.Prefix))
		}
	}
	return out, nil
}

func (w world) Links(ns value.Value) (value.Value, error) {
	state, err := w.stateOf(ns)
	if err != nil {
		return nil, err
	}
	out := value.List{}
	for _, l := range state.Links {
		out = append(out, value.NewText(l.Name))
	}
	return out, nil
}

func (w world) Routes(ns value.Value) (value.Value, error) {
	state, err := w.stateOf(ns)
	if err != nil {
		return nil, err
	}
	out := value.List{}
	for _, r := range state.Routes {
		m := value.NewMap()
		m.Set("dst", value.NewCIDR(r.Dest))
		m.Set("via", addrOrNull(r))
		m.Set("dev", value.NewText(r.Dev))
		m.Set("src", value.NewText(""))
		if r.Src.IsValid() {
			m.Set("src", value.NewIP(r.Src))
		}
		m.Set("metric", value.NewInt(r.Metric))
		m.Set("table", value.NewInt(r.Table))
		m.Set("proto", value.NewInt(r.Proto))
		m.Set("scope", value.NewText(r.Scope))
		out = append(out, m)
	}
	return out, nil
}

func addrOrNull(r host.Route) value.Value {
	if r.Via.IsValid() {
		return value.NewIP(r.Via)
	}
	return value.Null{}
}
