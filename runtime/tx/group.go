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

// A group is a group of programs, as long as nothing has been done since its
// first one.
type group struct {
	id string
	at int // the number of its entry
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
// them share one. It is empty for who may not keep one.
func (t *Tx) Group(ctx context.Context, at token.Span) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return "", err
	}
	if g := t.strand.group; g.id != "" && g.at == t.seq {
		return g.id, nil
	}
	id, err := t.newGroup(ctx, Step{At: at}, "")
	if errors.Is(err, os.ErrPermission) && len(t.log) == 0 {
		return "", nil // it can change nothing either
	}
	if err == nil {
		t.strand.group = group{id, t.seq}
	}
	return id, err
}

// OwnGroup returns a group for one program and its log.
func (t *Tx) OwnGroup(ctx context.Context, step Step, log string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return "", err
	}
	return t.newGroup(ctx, step, log)
}

func (t *Tx) newGroup(ctx context.Context, step Step, log string) (string, error) {
	if t.Claim != nil {
		if err := t.Claim(ctx, nil); err != nil {
			return "", err
		}
	}
	t.groups++
	op := host.GroupAdd{ID: fmt.Sprintf("%s.%d", t.ownName(), t.groups), Log: log}
	step.Op = op
	t.seq++
	t.strand.queue = append(t.strand.queue, entry{seq: t.seq, strand: t.strand, step: step})
	return op.ID, t.flush(ctx)
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
			u.undo(ctx, t.host, e, t.spare)
		}
	}
	return errors.Join(u.Left...)
}

// ofPrograms reports whether an entry is about programs: nothing of the
// network that could be counted or shown.
func ofPrograms(e entry) bool {
	_, ok := e.step.Op.(host.GroupAdd)
	return ok
}
