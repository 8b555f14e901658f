package tx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"vnet/lang/token"
	"vnet/runtime/host"
)

// A group is the group of programs of the last entry that is one.
type group struct {
	id   string
	at   int  // the number of its entry
	left bool // something may run in it
}

// ID is a name for the transaction that no other has, here or in another vnet.
func (t *Tx) ID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ownName()
}

func (t *Tx) ownName() string {
	if t.name == "" {
		t.name = fmt.Sprintf("%d-%s", os.Getpid(), strings.ToLower(rand.Text()[:8]))
	}
	return t.name
}

// Group returns the group for a program that is about to be started: it is
// ended when its place in the log is taken back. Programs with nothing between
// them share one; one that nothing runs in is taken along to the new place. It
// is empty for who may not keep one.
func (t *Tx) Group(ctx context.Context, at token.Span) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return "", err
	}
	g := t.strand.group
	if g.id != "" && g.at == t.seq {
		return g.id, nil
	}
	if g.id == "" || g.left {
		g = group{id: t.nextGroup()}
	}
	err := t.addGroup(ctx, Step{At: at}, host.GroupAdd{ID: g.id})
	if errors.Is(err, os.ErrPermission) && len(t.log) == 0 {
		return "", nil // it can change nothing either
	}
	g.at = t.seq
	if err != nil {
		g = group{}
	}
	t.strand.group = g
	return g.id, err
}

// Left notes that something may still run in a group.
func (t *Tx) Left(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.strand.group.id == id {
		t.strand.group.left = true
	}
}

// OwnGroup returns a group for one program and its log.
func (t *Tx) OwnGroup(ctx context.Context, step Step, log string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return "", err
	}
	id := t.nextGroup()
	return id, t.addGroup(ctx, step, host.GroupAdd{ID: id, Log: log})
}

func (t *Tx) nextGroup() string {
	t.groups++
	return fmt.Sprintf("%s.%d", t.ownName(), t.groups)
}

// addGroup puts a group into the log.
func (t *Tx) addGroup(ctx context.Context, step Step, op host.GroupAdd) error {
	if t.Claim != nil {
		if err := t.Claim(ctx, nil); err != nil {
			return err
		}
	}
	step.Op = op
	t.seq++
	t.strand.queue = append(t.strand.queue, entry{seq: t.seq, strand: t.strand, step: step})
	return t.flush(ctx)
}

// EndPrograms ends all programs that were started and not yet ended, and
// leaves the rest as it is.
func (t *Tx) EndPrograms(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strand.group = group{}
	var u Undo
	for _, e := range slices.Backward(t.log) {
		if ofPrograms(e) {
			u.undo(ctx, t.host, e, asIs)
		}
	}
	return errors.Join(u.Left...)
}

// ofPrograms reports whether an entry is about programs: nothing of the
// network that could be counted or shown.
func ofPrograms(e entry) bool {
	switch e.step.Op.(type) {
	case host.GroupAdd, host.GroupKill:
		return true
	}
	return false
}
