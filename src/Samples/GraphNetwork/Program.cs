// Counts the paths of two edges in a graph, which nobody has told it to do: two rounds of messages along the edges, and a sum.
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

var random = new Random(1);
Network[] graphs = [.. Enumerable.Range(0, 300).Select(_ => Network.Draw(random))];
(Network[] train, Network[] test) = (graphs[..240], graphs[240..]);

using var model = new Model(seed: 1);
Parameter start = model.Bias("start", 8, Initializer.Constant(0.5));
var (first, second) = (new Linear(model, "first", 8, 8), new Linear(model, "second", 8, 8));
var output = new Linear(model, "output", outputs: 1, inputs: 8);

// ONE graph, of any size and any degrees: each node's state is the sum over its neighbours.
Expr Count(Graph g, Network graph)
{
    Expr[] states = [.. Enumerable.Repeat(g.Use(start), graph.Neighbours.Length)];
    foreach (Linear layer in new[] { first, second })
    {
        Expr[] messages = [.. states.Select(state => LeakyRelu(layer.Apply(state)))];
        states = [.. graph.Neighbours.Select(neighbours => Total([g.Zeros(8), .. neighbours.Select(node => messages[node])]))];
    }

    return output.Apply(Total(states));
}

var trainer = new Trainer<Network>(model, (g, graph) => Huber(Count(g, graph) - g.Input(graph.Paths)), new Adam(0.01)) { OptimizationBatch = 16 };
for (int epoch = 1; epoch <= 20; epoch++)
{
    double loss = trainer.Epoch(train);
    if (epoch % 5 == 0)
        Console.WriteLine($"epoch {epoch}: mean loss {loss:F3}");
}

var error = new RootMeanSquareError();
new Evaluator<Network>(model, Count).Run(test, (i, count) => error.Add(count[0], test[i].Paths));
double spread = Math.Sqrt(test.Average(graph => Math.Pow(graph.Paths - test.Average(other => other.Paths), 2)));
Console.WriteLine($"error of the test: {error.Value:F2} paths, where guessing the mean gives {spread:F2}");

/// <summary>An undirected graph: the neighbours of each node.</summary>
internal sealed record Network(int[][] Neighbours)
{
    /// <summary>Walks of two edges: a node's neighbours' neighbours, counted as often as they are reached.</summary>
    public double Paths => Neighbours.Sum(neighbours => neighbours.Sum(node => Neighbours[node].Length));

    public static Network Draw(Random random)
    {
        var neighbours = new List<int>[random.Next(2, 9)];
        for (int i = 0; i < neighbours.Length; i++)
            neighbours[i] = [];

        for (int a = 0; a < neighbours.Length; a++)
        {
            for (int b = 0; b < a; b++)
            {
                if (random.NextDouble() < 0.4)
                {
                    neighbours[a].Add(b);
                    neighbours[b].Add(a);
                }
            }
        }

        return new Network([.. neighbours.Select(list => list.ToArray())]);
    }
}
