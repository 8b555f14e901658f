package tx

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// witness returns what the host tells of the operations of a queue: it writes
// them to the journal. nil when none is kept.
func (t *Tx) witness(ctx context.Context, queue []entry) (host.Intend, error) {
	if t.Open == nil {
		return nil, nil
	}
	if t.journal == nil {
		j, err := t.Open()
		if err != nil {
			return nil, &StepError{queue[0].step, err}
		}
		t.journal = j
	}
	if err := t.pictures(ctx, queue); err != nil {
		return nil, err
	}
	return func(list []host.Intention) error {
		first := queue[list[0].At].seq
		for _, in := range list {
			first = min(first, queue[in.At].seq)
		}
		records := make([]journal.Record, len(list))
		for i, in := range list {
			e := queue[in.At]
			if err := t.pictureAlong(ctx, e, in.Undo, first); err != nil {
				return err
			}
			t.past.touchAlong(e, in.Undo)
			records[i] = journal.Record{
				Kind: journal.Intend, Seq: e.seq, At: e.step.At.Pos.ShortString(),
				Op: host.Ops{e.step.Op}, Undo: in.Undo, Final: in.Final,
			}
		}
		return t.journal.Write(records...)
	}, nil
}

// pictures saves what the operations of a queue may disturb. What the queue
// itself makes needs no picture.
func (t *Tx) pictures(ctx context.Context, queue []entry) error {
	t.past.queue++
	t.past.renames = nil
	for i, e := range queue {
		if err := t.picture(ctx, e, queue[0].seq); err != nil {
			for _, e := range slices.Backward(queue[:i]) {
				t.past.unlearn(e)
			}
			return &StepError{e.step, err}
		}
		t.past.learn(e)
	}
	return nil
}

// forget notes that operations are not in force any more. That it could not
// be noted does no harm: taking them back once more changes nothing.
func forget(j *journal.Journal, entries ...entry) {
	if j == nil || len(entries) == 0 {
		return
	}
	records := make([]journal.Record, len(entries))
	for i, e := range entries {
		records[i] = journal.Record{Kind: journal.Undone, Seq: e.seq}
	}
	_ = j.Write(records...)
}

// close writes the commit, after which the transaction can only go forward,
// does what is left to do, and ends the journal.
func (t *Tx) close(ctx context.Context, done []entry) error {
	if t.journal != nil {
		lab, err := t.keptIn(done)
		if err != nil {
			return err
		}
		if err := t.journal.Write(journal.Record{Kind: journal.Commit, Lab: lab, Replaces: t.replaces}); err != nil {
			return err
		}
		t.lab, t.ended = lab, true
	}
	clean := t.settle(ctx, done)
	t.over(clean)
	return nil
}

// settle does what is left to do for operations that are committed, all of it
// together. If some of it is refused, each is done by itself: one must not keep
// the others from being done.
func (t *Tx) settle(ctx context.Context, done []entry) bool {
	ctx = context.WithoutCancel(ctx)
	var ops []host.Op
	for _, e := range done {
		ops = append(ops, e.final...)
		t.reflect(ctx, e.settled)
	}
	refused := slices.IndexFunc(t.host.Apply(ctx, ops, nil), func(r host.Result) bool { return r.Err != nil })
	if refused < 0 {
		return true
	}
	clean := true
	for _, op := range ops[refused:] {
		if err := t.host.Apply(ctx, []host.Op{op}, nil)[0].Err; err != nil {
			t.late = append(t.late, &StepError{Step{Op: op}, err})
			clean = false
		}
	}
	return clean
}

// over ends the journal. One that is not clean stays for a recovery.
func (t *Tx) over(clean bool) {
	if t.journal == nil {
		return
	}
	if clean && t.ended && t.replaces != "" {
		t.journal.Forget(t.replaces)
	}
	switch {
	case !clean:
		_ = t.journal.Write(journal.Record{Kind: journal.End})
		_ = t.journal.Close()
	case t.lab != "":
		if err := t.journal.Keep(t.lab); err != nil {
			t.late = append(t.late, fmt.Errorf("keep the lab: %w", err))
			_ = t.journal.Close() // a recovery will try again
		}
	default:
		_ = t.journal.Remove()
	}
	t.journal, t.lab, t.ended = nil, "", false
}

// Resume returns the transaction that the records of another program tell of,
// and whether it was committed: then Settle finishes it, and Rollback takes it
// back otherwise. Handlers died with the program. A part of a lab is at rest
// until the lab is being taken down.
func Resume(h host.Host, j *journal.Journal, records []journal.Record) (t *Tx, committed bool) {
	t, told := read(h, j, records)
	if journal.GoingDown(j.Dir()) {
		told.committed, t.lab = false, ""
	}
	if told.final && !told.committed {
		t.retire(told)
	}
	return t, told.committed
}

// Retire resumes a part of a lab that is at rest, to be taken back as a part of
// another transaction.
func Retire(h host.Host, j *journal.Journal, records []journal.Record) *Tx {
	t, told := read(h, j, records)
	t.lab = ""
	if told.final {
		t.retire(told)
	}
	return t
}

// retire leaves out of a transaction what its commit made final: that cannot be
// taken back any more.
func (t *Tx) retire(told told) {
	t.ended = false
	if t.replaced > 0 {
		t.since(told.later, told.before)
	}
	t.lose()
}

// told is what records say of a transaction besides what it did.
type told struct {
	committed bool
	final     bool
	later     map[string]plate   // pictures behind the taking down of the lab it replaced
	before    map[string]earlier // what was there before that
}

// read reads the records of a transaction.
func read(h host.Host, j *journal.Journal, records []journal.Record) (*Tx, told) {
	t := New(h, nil)
	t.journal = j
	at := map[int]int{} // place in the log by number
	committed, final := false, false
	later, before := map[string]plate{}, map[string]earlier{}
	for _, r := range records {
		switch r.Kind {
		case journal.Intend:
			e := entry{seq: r.Seq, strand: t.strand, undo: r.Undo, final: r.Final, step: Step{Op: only(r.Op), At: placed(r.At)}}
			i, told := at[r.Seq]
			if !told {
				t.past.touch(e)
			}
			t.past.touchAlong(e, r.Undo)
			if told {
				t.log[i] = e
				continue
			}
			at[r.Seq] = len(t.log)
			t.log = append(t.log, e)
		case journal.Image:
			if _, taken := later[r.Space]; !taken && t.replaced > 0 {
				if data, err := j.Load(r.File); err == nil {
					later[r.Space] = plate{before: r.Before, data: data, file: r.File, made: r.Made}
				}
			}
			if len(t.past.plates[r.Space]) > 0 {
				continue // of a savepoint, to which only the living go back
			}
			if data, err := j.Load(r.File); err == nil {
				t.past.plates[r.Space] = []plate{{before: r.Before, data: data, file: r.File, made: r.Made}}
			}
		case journal.Closeup:
			t.past.closeups[r.Space] = append(t.past.closeups[r.Space], closeup{r.Before, r.Data})
		case journal.Touched:
			t.past.add(r.Space, r.Seq, t.strand, r.Op)
		case journal.Replaced:
			t.replaced = r.Seq
			if data, err := j.Load(r.File); err == nil {
				_ = json.Unmarshal(data, &before)
			}
		case journal.Judged:
			if r.Verdict != nil {
				t.past.verdicts[r.Space] = *r.Verdict
			}
		case journal.End: // the rollback got to its end: what differs now is worth another look
			clear(t.past.verdicts)
		case journal.Undone:
			if i, told := at[r.Seq]; told {
				t.log[i].step.Op = nil
			}
		case journal.Commit, journal.Hold:
			committed, final, t.lab, t.replaces, t.ended = true, final || r.Kind == journal.Commit, r.Lab, r.Replaces, true
		case journal.Reopen:
			committed = false
		}
	}
	t.log = slices.DeleteFunc(t.log, func(e entry) bool { return e.step.Op == nil })
	return t, told{committed, final, later, before}
}

// Settle finishes a committed transaction.
func (t *Tx) Settle(ctx context.Context) []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over(t.settle(ctx, t.log))
	return t.late
}

func only(ops host.Ops) host.Op {
	if len(ops) == 0 {
		return nil
	}
	return ops[0]
}

// placed is a place as a journal keeps it: all of it stands where the file's
// name does.
func placed(at string) token.Span {
	p := token.Pos{Filename: at}
	if i := strings.LastIndexByte(at, ':'); i >= 0 {
		if line, err := strconv.Atoi(at[i+1:]); err == nil {
			p = token.Pos{Filename: at[:i], Line: line, Column: 1}
		}
	}
	return token.Span{Pos: p, End: p}
}
