// The documentation in a package has the members that its reader can use: the compiler writes internal ones into the file too. Loaded by build.cake.
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

/// <summary>Removes what is not public from every documentation file of a package.</summary>
/// <param name="package">A .nupkg, which is changed in place.</param>
void KeepPublicDocumentation(string package)
{
    using ZipArchive archive = ZipFile.Open(package, ZipArchiveMode.Update);
    foreach (ZipArchiveEntry file in archive.Entries.Where(entry => entry.FullName.EndsWith(".xml") && !entry.FullName.StartsWith('[')).ToArray())
    {
        if (archive.GetEntry(System.IO.Path.ChangeExtension(file.FullName, ".dll")) is not { } assembly)
            continue;

        XDocument documentation;
        using (Stream read = file.Open())
            documentation = XDocument.Load(read, LoadOptions.PreserveWhitespace);

        HashSet<string> types = PublicTypes(assembly, out HashSet<string> members);
        documentation.Root.Element("members").Elements()
            .Where(member => !IsPublic((string)member.Attribute("name"), types, members)).ToList().ForEach(member => member.Remove());

        string name = file.FullName;
        file.Delete();
        using Stream write = archive.CreateEntry(name).Open();
        documentation.Save(write);
    }
}

/// <summary>Whether others can see the member, or an overload of it.</summary>
/// <param name="id">Such as M:BlasNet.Graphs.Graph.Input(System.ReadOnlySpan{System.Single}).</param>
static bool IsPublic(string id, HashSet<string> types, HashSet<string> members)
{
    string name = id[2..].Split('(')[0];
    return id[0] == 'T' ? types.Contains(name) : members.Contains(System.Text.RegularExpressions.Regex.Replace(name, @"(``\d+)?(~.*)?$", ""));
}

/// <summary>The types others can see, and as [type].[member] what of them, both as documentation names them.</summary>
static HashSet<string> PublicTypes(ZipArchiveEntry assembly, out HashSet<string> members)
{
    var bytes = new MemoryStream();
    using (Stream read = assembly.Open())
        read.CopyTo(bytes);

    bytes.Position = 0;
    using var image = new PEReader(bytes);
    MetadataReader metadata = image.GetMetadataReader();
    HashSet<string> types = [];
    members = [];
    foreach (TypeDefinition type in metadata.TypeDefinitions.Select(metadata.GetTypeDefinition))
    {
        if (NameOf(type) is not { } name)
            continue;

        types.Add(name);
        foreach (MethodDefinition method in type.GetMethods().Select(metadata.GetMethodDefinition).Where(method => IsVisible((int)method.Attributes)))
        {
            // An accessor stands for its property or event too.
            string member = metadata.GetString(method.Name);
            members.Add($"{name}.{member.Replace('.', '#')}");
            members.Add($"{name}.{member[(member.IndexOf('_') + 1)..]}");
        }

        foreach (FieldDefinition field in type.GetFields().Select(metadata.GetFieldDefinition).Where(field => IsVisible((int)field.Attributes)))
            members.Add($"{name}.{metadata.GetString(field.Name)}");
    }

    return types;

    // The three lowest bits: family, family or assembly, public.
    static bool IsVisible(int attributes) => (attributes & 7) is 4 or 5 or 6;

    string NameOf(TypeDefinition type)
    {
        string name = metadata.GetString(type.Name);
        var visibility = type.Attributes & System.Reflection.TypeAttributes.VisibilityMask;
        if (!type.IsNested)
            return visibility == System.Reflection.TypeAttributes.Public ? $"{metadata.GetString(type.Namespace)}.{name}" : null;

        bool isVisible = visibility is System.Reflection.TypeAttributes.NestedPublic or System.Reflection.TypeAttributes.NestedFamily
            or System.Reflection.TypeAttributes.NestedFamORAssem;
        return isVisible && NameOf(metadata.GetTypeDefinition(type.GetDeclaringType())) is { } outer ? $"{outer}.{name}" : null;
    }
}
