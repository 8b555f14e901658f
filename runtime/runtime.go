// Package runtime is the door through which a script is run: checked, planned,
// or carried out on a network as one transaction. What is behind the door is
// described in DESIGN.md.
package runtime

import (
	"io"
	"time"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
)

// A Script is a text with what the caller gives to it.
type Script struct {
	Name string            // as messages call it: a path, "<stdin>", "<prompt>"
	Dir  string            // where import and file() look; empty: the working directory
	Text string            // the source
	Args map[string]string // values for its params, by name
	Test string            // the test of it that is wanted; "" for none
	Lab  string            // of Plan: the lab it is to be compared with; "": as it says itself
}

// Settings say how a script is run.
type Settings struct {
	Stdin  io.Reader // for programs; nil: nothing to read
	Stdout io.Writer // echo, show and the programs' output
	Stderr io.Writer // warn and the programs' errors
	JSON   bool      // what show prints

	Timeout time.Duration // 0: none; then the script is rolled back
	Remove  bool          // take the network down at the end, whatever happens
	Version string        // of this vnet, for what is kept of a lab
	// Confirm takes back what is not confirmed within this time, by Confirm or by
	// what Ask gives, which is called when the script has ended well.
	Confirm time.Duration
	Ask     func(lab string, limit time.Duration) (answer <-chan bool, over func())
	// Replace takes down the script's lab, if it is up, in the same transaction.
	Replace bool
	// KeepFailed leaves what a script that failed has built, as a lab.
	KeepFailed bool
	NoWait     bool // fail when another transaction holds a namespace
	// Guard starts a process that calls the function Guard for a journal's
	// directory, and returns what ends it; nil for none.
	Guard    func(dir string) (stop func())
	Trace    func(Step)     // called for every operation, before it goes out; may be nil
	Progress func(Progress) // called when a statement begins; may be nil, must return at once
}

// A Step is one operation with the statement it comes from.
type Step struct {
	Op host.Op
	At token.Span

	Drift bool // of a plan: it puts back what others have changed since the lab was built
}

// A Progress says where a run is: a statement, or the undo of what was done.
type Progress struct {
	At      token.Span
	Text    string // the statement's first line, or what is being undone
	Done    int    // operations carried out, or undone
	Undoing bool
}

// An Ending is how a run ended.
type Ending int

// The endings, with the exit status of each.
const (
	Done        Ending = 0   // committed, or taken down at the end by Remove
	Failed      Ending = 1   // rolled back completely
	Invalid     Ending = 3   // not valid; nothing was touched
	Unexpected  Ending = 4   // an expect failed; rolled back completely
	Incomplete  Ending = 5   // rolled back, but something is left
	Forbidden   Ending = 6   // not permitted
	Unsupported Ending = 7   // the kernel or machine lacks something
	TimedOut    Ending = 124 // rolled back after the timeout
	Interrupted Ending = 130 // rolled back after SIGINT
	Terminated  Ending = 143 // rolled back after SIGTERM or SIGHUP
)

// A Report is what a run has to say at its end.
type Report struct {
	Ending   Ending
	Diags    diag.List      // what went wrong, and warnings
	Lab      string         // the lab's name
	Made     map[string]int // what was made and stands, by kind: namespace, link, veth, bridge, address, route …
	Checks   int            // expects that held
	Programs int            // programs that ran
	Elapsed  time.Duration

	Planned []Step // of Session.Plan: what would be done

	RolledBack bool // an undo took place
	Undone     int  // operations taken back
	UndoTime   time.Duration
	Left       []string // what could not be undone, one line each
	Outside    []string // what no undo reaches: "exec at demo.vnet:4"
	KeptFailed bool     // nothing was undone: it is a lab to be looked at
	Committed  string   // place of a commit statement whose part stands although the script failed later
}
