// A module of its own, so that users of the vector code do not depend on the assembly generator.
module github.com/gosaddle/saddle/lossviz/internal/vec/gen

go 1.26.0

require github.com/mmcloughlin/avo v0.6.0

require (
	golang.org/x/mod v0.37.0 // indirect
	golang.org/x/sync v0.21.0 // indirect
	golang.org/x/tools v0.47.1-0.20260707181000-a299dadba899 // indirect
)
