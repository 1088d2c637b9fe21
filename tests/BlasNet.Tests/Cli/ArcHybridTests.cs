using BlasNet.Cli.Models;

namespace BlasNet.Tests.Cli;

/// <summary>The transition system of the parser, against all trees of short sentences.</summary>
public sealed class ArcHybridTests
{
    private static readonly ArcHybrid.Kind[] Kinds = Enum.GetValues<ArcHybrid.Kind>();

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Every_projective_tree_with_one_root_is_reached(int words)
    {
        var reached = Final(new ArcHybrid(words, hasOneTree: true)).Select(state => string.Join(" ", HeadsOf(state, words))).ToHashSet();
        Assert.Equal(Trees(words).Select(tree => string.Join(" ", tree[1..^1])).Order(), reached.Order());
    }

    /// <summary>What a transition costs is the number of arcs that the best tree loses which can still be reached.</summary>
    [Theory, InlineData(2), InlineData(3), InlineData(4)]
    public void A_transition_costs_as_many_arcs_as_are_lost_with_it(int words)
    {
        foreach (int[] tree in Trees(words))
            CheckFrom(new ArcHybrid(words), tree, words);
    }

    private static void CheckFrom(ArcHybrid state, int[] tree, int words)
    {
        if (state.IsFinal)
            return;

        int most = MostRight(state, tree, words);
        foreach (ArcHybrid.Kind kind in Kinds.Where(state.IsLegal))
        {
            ArcHybrid next = After(state, kind);
            Assert.Equal(most - MostRight(next, tree, words), state.Cost(kind, tree));
            CheckFrom(next, tree, words);
        }
    }

    private static int MostRight(ArcHybrid state, int[] tree, int words) =>
        Final(state).Max(end => HeadsOf(end, words).Zip(tree[1..^1]).Count(pair => pair.First == pair.Second));

    private static IEnumerable<ArcHybrid> Final(ArcHybrid state) =>
        state.IsFinal ? [state] : Kinds.Where(state.IsLegal).SelectMany(kind => Final(After(state, kind)));

    private static ArcHybrid After(ArcHybrid state, ArcHybrid.Kind kind)
    {
        ArcHybrid next = state.Copy();
        next.Apply(kind, relation: 0);
        return next;
    }

    private static int[] HeadsOf(ArcHybrid state, int words) => state.Heads[1..(words + 1)].ToArray();

    // By number of words: heads of 0 … n + 1, where n + 1 is the root.
    private static IEnumerable<int[]> Trees(int words)
    {
        int root = words + 1;
        int count = (int)Math.Pow(root, words);
        for (int code = 0; code < count; code++)
        {
            int[] heads = new int[words + 2];
            for (int word = 1, rest = code; word <= words; word++, rest /= root)
                heads[word] = 1 + (rest % root);

            if (heads[1..root].Count(head => head == root) == 1 && IsTree(heads, root) && IsProjective(heads, root))
                yield return heads;
        }
    }

    private static bool IsTree(int[] heads, int root)
    {
        for (int word = 1; word < root; word++)
        {
            int head = word;
            for (int steps = 0; head != root && steps <= root; steps++)
                head = heads[head];

            if (head != root)
                return false;
        }

        return true;
    }

    private static bool IsProjective(int[] heads, int root)
    {
        for (int a = 1; a < root; a++)
        {
            for (int b = 1; b < root; b++)
            {
                (int low, int high) = (Math.Min(a, heads[a]), Math.Max(a, heads[a]));
                bool isInside = b > low && b < high, isHeadInside = heads[b] >= low && heads[b] <= high;
                if (isInside && !isHeadInside)
                    return false;
            }
        }

        return true;
    }
}
