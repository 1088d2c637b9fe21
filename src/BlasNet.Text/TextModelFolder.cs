using BlasNet.Text.Files;

namespace BlasNet.Text;

/// <summary>What can be asked of a model's folder without loading the model.</summary>
public static class TextModelFolder
{
    /// <summary>Whether <c>config.json</c> is of a model that classifies tokens, for <see cref="TextTagger"/>; if not, one of whole
    /// texts.</summary>
    /// <exception cref="TextModelException">There is no such folder or file, or it breaks a rule.</exception>
    public static bool IsTagger(string folder) => HeadConfiguration.IsOfTokens(new ModelFolder(folder).Configuration);

    /// <summary>Finds out whether a model can be saved there, better before its training than after it.</summary>
    /// <exception cref="IOException">There is something of that name that is no model's folder, or no folder for it.</exception>
    public static void RequireReplaceable(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        AtomicFolder.RequireReplaceable(folder);
    }
}
