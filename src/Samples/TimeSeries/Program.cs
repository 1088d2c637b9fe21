// Forecasts series of differing length: the next value from all before it, and then a few steps ahead from its own forecasts.
using BlasNet;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

var random = new Random(1);
float[][] series = [.. Enumerable.Range(0, 128).Select(_ => Series(length: random.Next(12, 80), phase: 6 * random.NextDouble()))];

using var model = new Model(seed: 1);
var lstm = new Lstm(model, "lstm", inputs: 1, hidden: 24);
var output = new Linear(model, "output", outputs: 1, inputs: 24);

Expr Forecasts(Graph g, float[] values) => output.Apply(lstm.Run(Row(g, values)));

// ONE series, of any length: each value is forecast from those before it.
Expr Loss(Graph g, float[] values) => Mean(Square(Forecasts(g, values[..^1]) - Row(g, values[1..])));

var trainer = new Trainer<float[]>(model, Loss, new Adam(0.01) { ClipNorm = 1 }) { OptimizationBatch = 16, Weight = values => values.Length - 1 };
double error = 0;
for (int epoch = 1; epoch <= 15; epoch++)
{
    error = trainer.Epoch(series);
    if (epoch % 5 == 0)
        Console.WriteLine($"epoch {epoch}: mean squared error {error:F4}");
}

var evaluator = new Evaluator<float[]>(model, Forecasts);
List<float> known = [.. Series(length: 20, phase: 1)];
for (int step = 0; step < 5; step++)
    known.Add((float)evaluator.Predict([.. known])[^1]);

Console.WriteLine($"after 20 values: {string.Join("  ", known[20..].Select(value => $"{value:F2}"))}");
Console.WriteLine($"in truth:        {string.Join("  ", Enumerable.Range(20, 5).Select(t => $"{Math.Sin(0.3 * t + 1):F2}"))}");

static Expr Row(Graph g, float[] values) => g.Input(values, new Shape(1, values.Length));

float[] Series(int length, double phase) => [.. Enumerable.Range(0, length).Select(t => (float)(Math.Sin(0.3 * t + phase) + 0.02 * random.NextDouble()))];
