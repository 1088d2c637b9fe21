// An operator of one's own, checked against differences and used in a network.
using System.Numerics.Tensors;
using BlasNet;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Operators.Op;

using (var exact = new Model(seed: 1, Precision.Double))
{
    Parameter w = exact.Weight("w", 4, 3);
    GradientDifference worst = GradientCheck.Run<double[]>(exact, (g, x) => Sum(Softsign.Of(w * g.Input(x))), [[1, -2, 0.5], [0.1, 2, -1]]);
    Console.WriteLine($"derivatives of first and second order differ from differences by {worst.Relative:E1} at most");
}

// Which of two pairs of quadrants a point lies in.
using var model = new Model(seed: 1);
var (w1, b1) = (model.Weight("W1", 16, 2), model.Bias("b1", 16));
var (w2, b2) = (model.Weight("W2", 2, 16), model.Bias("b2", 2));

var random = new Random(1);
Point[] points = [.. Enumerable.Range(0, 512).Select(_ => new Point(random.NextSingle() - 0.5f, random.NextSingle() - 0.5f))];

Expr Scores(Graph g, Point point) => w2 * Softsign.Of(w1 * g.Input([point.X, point.Y]) + b1) + b2;

var trainer = new Trainer<Point>(model, (g, point) => CrossEntropy(Scores(g, point), point.Quadrants), new Adam(0.03)) { OptimizationBatch = 32 };
for (int epoch = 0; epoch < 60; epoch++)
    trainer.Epoch(points);

var accuracy = new Accuracy();
new Evaluator<Point>(model, Scores).Run(points, (i, scores) => accuracy.Add(points[i].Quadrants, scores));
Console.WriteLine($"{accuracy.Value:P0} of the points right");

/// <summary>y = x / (1 + |x|), element by element.</summary>
internal sealed class Softsign() : CustomOperator("softsign", isColumnWise: true)
{
    private static readonly Softsign Instance = new();

    public static Expr Of(Expr x) => Instance.Apply(x);

    protected override Shape InferShape(ReadOnlySpan<Shape> operands) => operands[0];

    protected override void Forward<T>(in KernelValues<T> values)     // a stack of values, one for each example
    {
        for (int i = 0; i < values.Count; i++)
        {
            TensorPrimitives.Abs(values.Operand(0, i), values.Result(i));
            TensorPrimitives.Add(values.Result(i), T.One, values.Result(i));
            TensorPrimitives.Divide(values.Operand(0, i), values.Result(i), values.Result(i));
        }
    }

    protected override void Gradient(in OperatorGradient gradient) => // dx = dy / (1 + |x|)², and 1 / (1 + |x|) = 1 − |y|
        gradient.Accumulate(0, Multiply(gradient.ResultGradient, Square(1 - Abs(gradient.Result))));
}

internal readonly record struct Point(float X, float Y)
{
    public int Quadrants => X * Y > 0 ? 1 : 0;
}
