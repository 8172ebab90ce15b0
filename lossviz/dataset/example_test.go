package dataset_test

import (
	"fmt"
	"strings"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

func ExampleMoons() {
	data := dataset.Moons(200, 0.15, 1)
	train, test := data.Split(0.75, 1)
	fmt.Println(train)
	fmt.Println(test)
	// Output:
	// moons (train): 150 samples, 2 inputs, 2 classes
	// moons (test): 50 samples, 2 inputs, 2 classes
}

func ExampleParseCSV() {
	const file = `width,height,kind
1.5,2,cat
3,x,dog
`
	_, err := dataset.ParseCSV(strings.NewReader(file), "pets.csv")
	fmt.Println(err)
	// Output: dataset: pets.csv: line 3 column "height": "x" is not a number
}

func ExampleData_OneHot() {
	data := dataset.Iris().Standardize().OneHot()
	fmt.Println(data.Target(0), data.Target(149))
	// Output: [1 0 0] [0 0 1]
}
