// A network that reads handwritten digits, as a script: dotnet fsi Digits.fsx
#r "nuget: BlasNet, *-*"
#r "nuget: BlasNet.Datasets, *-*"

open BlasNet.Datasets
open BlasNet.Graphs
open BlasNet.Operators
open BlasNet.Training

let model = new Model(seed = 1)
let w1, b1 = model.Weight("W1", 64, 64), model.Bias("b1", 64)
let w2, b2 = model.Weight("W2", 10, 64), model.Bias("b2", 10)

let scores (g: Graph) (digit: Digit) = w2 * Op.Relu(w1 * g.Input(digit.Pixels) + b1) + b2

let trainer = Trainer<Digit>(model, (fun g digit -> Op.CrossEntropy(scores g digit, digit.Label)), Adam(0.003), OptimizationBatch = 64)

for epoch in 1..5 do
    printfn "epoch %d: mean loss %.3f" epoch (trainer.Epoch Digits.Train)

let accuracy = Accuracy()
Evaluator<Digit>(model, scores).Run(Digits.Test, ResultHandler<float32>(fun i values -> accuracy.Add(Digits.Test[i].Label, values) |> ignore))
printfn "%.0f %% of the test right" (100.0 * accuracy.Value)
