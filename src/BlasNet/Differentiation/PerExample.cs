using BlasNet.Graphs;

namespace BlasNet.Differentiation;

/// <summary>A request for the gradients of single examples beside, or instead of, their sum.</summary>
internal sealed class PerExample
{
    /// <summary>For each example the first node that it added to the minibatch graph.</summary>
    public List<int> Starts { get; } = [];

    /// <summary>For each example its loss.</summary>
    public List<Expr> Losses { get; } = [];

    /// <summary>C: the gradient is the sum of the examples' gradients, each scaled down to norm C if it is longer. Infinity for the plain sum.</summary>
    public double ClipNorm { get; set; } = double.PositiveInfinity;

    /// <summary>Whether the sum is wanted at all.</summary>
    public bool WantsSum { get; set; } = true;

    /// <summary>Forgets the examples.</summary>
    public void Clear()
    {
        Starts.Clear();
        Losses.Clear();
    }

    /// <summary>Becomes a copy of another request.</summary>
    public void Take(PerExample other)
    {
        Clear();
        Starts.AddRange(other.Starts);
        Losses.AddRange(other.Losses);
        (ClipNorm, WantsSum) = (other.ClipNorm, other.WantsSum);
    }

    /// <summary>Whether a plan made for another request fits this one.</summary>
    public bool AsksTheSameAs(PerExample other)
    {
        if (!ClipNorm.Equals(other.ClipNorm) || WantsSum != other.WantsSum || Losses.Count != other.Losses.Count || !Starts.SequenceEqual(other.Starts))
            return false;

        for (int i = 0; i < Losses.Count; i++)
        {
            if (Losses[i].Index != other.Losses[i].Index)
                return false;
        }

        return true;
    }
}
