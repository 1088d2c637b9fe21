using BlasNet.Graphs;

namespace BlasNet.Tests.Oracle;

/// <summary>How vertices of a random recurrence are connected.</summary>
internal enum DagForm
{
    Chain,
    ReversedChain,

    /// <summary>One place for a predecessor each.</summary>
    Forest,

    /// <summary>Two places each, some of them empty.</summary>
    Lattice,

    /// <summary>Three places each.</summary>
    Wide,

    /// <summary>Any number of predecessors, whose messages add up.</summary>
    Sums,

    /// <summary>Binary trees whose leaves alone have inputs.</summary>
    Leaves,
}

/// <summary>The structure of a random recurrence: vertices in any order.</summary>
/// <param name="Form">How it was made.</param>
/// <param name="Predecessors">Of each vertex; −1 for an empty place.</param>
internal sealed record RandomDag(DagForm Form, int[][] Predecessors)
{
    public int Count => Predecessors.Length;

    public int Edges => Predecessors.Sum(list => list.Count(p => p >= 0));

    public static RandomDag Create(DagForm form, int inputs, Random random)
    {
        int count = form == DagForm.Leaves ? inputs + random.Next(inputs) : inputs;
        int[] number = Enumerable.Range(0, count).ToArray();
        if (form is not (DagForm.Chain or DagForm.ReversedChain))
            random.Shuffle(number);

        var lists = new int[count][];
        for (int i = 0; i < count; i++)
            lists[number[i]] = [.. ListOf(form, i, inputs, random).Select(p => p < 0 ? -1 : number[p])];

        return form == DagForm.ReversedChain
            ? new RandomDag(form, [.. Enumerable.Range(0, count).Select(v => new[] { v + 1 < count ? v + 1 : -1 })])
            : new RandomDag(form, lists);
    }

    public bool IsStart(int vertex) => Array.TrueForAll(Predecessors[vertex], p => p < 0);

    /// <summary>Vertices after their predecessors.</summary>
    public IEnumerable<int> Order()
    {
        var done = new HashSet<int>();
        while (done.Count < Count)
        {
            foreach (int vertex in Enumerable.Range(0, Count).Where(v => !done.Contains(v) && Predecessors[v].All(p => p < 0 || done.Contains(p))).ToArray())
            {
                done.Add(vertex);
                yield return vertex;
            }
        }
    }

    public Dag ToDag() => Form switch
    {
        DagForm.Sums => Dag.OfSets(Predecessors),
        DagForm.Leaves => Dag.Binary([.. Predecessors.Select(list => list[0])], [.. Predecessors.Select(list => list[1])]),
        _ => Dag.OfPlaces(Predecessors[0].Length, [.. Predecessors.SelectMany(list => list)]),
    };

    // Of the i-th in the order, whose predecessors come before it.
    private static int[] ListOf(DagForm form, int i, int inputs, Random random)
    {
        return form switch
        {
            DagForm.Chain or DagForm.ReversedChain => [i - 1],
            DagForm.Forest => [Any()],
            DagForm.Lattice => [Any(), Any()],
            DagForm.Wide => [Any(), Any(), Any()],
            DagForm.Sums => [.. Enumerable.Range(0, i == 0 ? 0 : random.Next(4)).Select(_ => random.Next(i))],
            _ => i < inputs ? [-1, -1] : random.Next(4) == 0 ? [random.Next(i), -1] : [random.Next(i), random.Next(i)],
        };

        int Any() => random.Next(i + 1) - 1;
    }
}
