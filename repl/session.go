package repl

import (
	"context"

	"vnet/runtime"
	"vnet/runtime/path"
)

// A Session carries out entries.
type Session interface {
	Do(ctx context.Context, name, text string) *runtime.Report
	Load(ctx context.Context, path string) (r *runtime.Report, text string, err error)
	Plan(ctx context.Context, name, text string) *runtime.Report
	// Program gives the statement for  NS PROGRAM ARG… , RunProgram carries it out.
	Program(ctx context.Context, text string) (statement string, ok bool)
	RunProgram(ctx context.Context, name, statement string) *runtime.Report

	// Transactions. A runtime.Notice is no failure.
	Begin() error
	Commit(ctx context.Context) (*runtime.Report, error)
	Rollback(ctx context.Context) *runtime.Report
	Savepoint(ctx context.Context, name string) error
	RollbackTo(ctx context.Context, name string) (*runtime.Report, error)
	Release(name string) error
	Transaction() (entries int, open bool)
	Undo(ctx context.Context, n int) (texts []string, r *runtime.Report, err error)

	// The scope that entries run in.
	Scope() string
	Entered() bool
	Enter(ctx context.Context, ns string) error
	Leave() bool

	Status() runtime.Status
	Script() string
	Watch() // have Alive know what is in the namespaces
	Alive() *runtime.Alive
	Look(ctx context.Context) (*runtime.Alive, error)
	Why(ctx context.Context, q path.Query) (*runtime.Why, error)
	PingAll(ctx context.Context, spaces []string) ([]runtime.Pinged, error)
}
