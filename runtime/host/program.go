package host

// LogDir is where the output of programs in the background is kept, in a
// directory for each run.
const LogDir = "/run/vnet/log"

// A Program runs in the background.
type Program interface {
	PID() int

	// Done is closed when the process that was started has ended.
	Done() <-chan struct{}

	// Exit is how it ended, after Done; wanted says that somebody wanted it to
	// end: Stop, the undo of its group, the end of the host.
	Exit() (exit Exit, wanted bool)

	// Alive reports whether anything of its group runs: what it forked may
	// well live on.
	Alive() bool

	// Stop ends all of its group, by SIGTERM and, where that is not enough, by
	// SIGKILL. Nothing can be started in the group any more.
	Stop() error
}

// A Reason says why a program could not be started.
type Reason string

// The reasons.
const (
	NotFound      Reason = "no such program"
	NotExecutable Reason = "not executable"
	NoInterpreter Reason = "its interpreter is missing"
	NoFormat      Reason = "not a program: neither machine code nor a script with #!"
	NoDir         Reason = "its directory does not exist"
	NoUser        Reason = "no such user"
	NotPermitted  Reason = "not permitted"
	NotStarted    Reason = "could not be started"
)

// A ProgramError is a program that could not be started.
type ProgramError struct {
	Argv0  string // as the script wrote it
	Reason Reason
	Detail string // what more there is to say: a path, a user; may be empty
	Err    error  // the system's error; may be nil
}

func (e *ProgramError) Error() string {
	s := e.Argv0 + ": " + string(e.Reason)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil && e.Reason == NotStarted {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the system's error.
func (e *ProgramError) Unwrap() error { return e.Err }
