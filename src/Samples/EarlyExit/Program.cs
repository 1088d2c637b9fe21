// Which arm of a spiral a point is on. Each layer of the network has an exit, and a point leaves at the first one that is sure: easy points cost less. Written
// for ONE point; those that go on are computed together, however many have left.
using System.Globalization;
using BlasNet;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

const int Arms = 2, Hidden = 24, Layers = 6, Epochs = 60;

using var model = new Model(seed: 1);
var input = new Linear(model, "input", Hidden, 2);
Linear[] layers = [.. Enumerable.Range(0, Layers).Select(i => new Linear(model, $"layer{i}", Hidden, Hidden))];
Linear[] exits = [.. Enumerable.Range(0, Layers).Select(i => new Linear(model, $"exit{i}", Arms, Hidden))];

Expr Layer(int i, Expr h) => h + Tanh(layers[i].Apply(h));

// All exits learn.
Expr Loss(Graph g, Point point)
{
    Expr h = Tanh(input.Apply(g.Input(point.Place))), loss = g.Zeros(1);
    for (int i = 0; i < Layers; i++)
    {
        h = Layer(i, h);
        loss += CrossEntropy(exits[i].Apply(h), point.Arm);
    }

    return loss;
}

// The arm, and how many layers it took.
Func<Graph, Point, ExprTask<(int Arm, int Layers)>> Classify(double sure) => async (g, point) =>
{
    Expr h = Tanh(input.Apply(g.Input(point.Place)));
    for (int i = 0; ; i++)
    {
        h = Layer(i, h);
        ExprValue p = await Softmax(exits[i].Apply(h));
        int best = p[0] > p[1] ? 0 : 1;
        if (p[best] >= sure || i == Layers - 1)
            return (best, i + 1);
    }
};

var trainer = new Trainer<Point>(model, Loss, new Adam(0.003)) { OptimizationBatch = 50 };
Point[] train = Point.Draw(1000, seed: 2), test = Point.Draw(1000, seed: 3);
for (int epoch = 0; epoch < Epochs; epoch++)
    trainer.Epoch(train);

foreach (double sure in new[] { 0.7, 0.9, 0.99, 1.1 })
{
    (int Arm, int Layers)[] found = new Evaluator<Point, (int, int)>(model, Classify(sure)) { ComputeBatch = 256 }.Run(test);
    double right = found.Zip(test).Average(pair => pair.First.Arm == pair.Second.Arm ? 1.0 : 0);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{(sure > 1 ? "never leaves early" : $"leaves when sure to {sure:P0}")}: {found.Average(one => one.Layers):F1} layers a point, {right:P0} right"));
}

/// <summary>A point of the plane on one of two arms that wind around the origin.</summary>
sealed record Point(float[] Place, int Arm)
{
    public static Point[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            double radius = random.NextDouble() + 0.1, angle = (4 * Math.PI * radius) + (Math.PI * (i % 2)) + (0.3 * (random.NextDouble() - 0.5));
            return new Point([(float)(radius * Math.Cos(angle)), (float)(radius * Math.Sin(angle))], i % 2);
        })];
    }
}
