using System.Text;

namespace ChannelsNet.Messages.Values;

/// <summary>Makes objects of values: those that an <see cref="UntypedMessage"/> holds.</summary>
internal sealed class ObjectBuilder : IValueWriter
{
    private readonly Stack<Container> _open = [];
    private object? _last;

    /// <summary>The last value that has been told in whole.</summary>
    public object? Last => _last;

    public void Null() => Add(null);

    public void Boolean(bool value) => Add(value);

    public void Integer(long value) => Add(value);

    public void Integer(ulong value) => Add(value <= long.MaxValue ? (long)value : value);

    public void Float(double value) => Add(value);

    public void Text(ReadOnlySpan<byte> utf8) => Add(Encoding.UTF8.GetString(utf8));

    public void Bytes(ReadOnlySpan<byte> value) => Add(value.ToArray());

    public void StartList() => _open.Push(new Container(new List<object?>(), null));

    public void EndList() => Add(_open.Pop().List);

    public void StartMap() => _open.Push(new Container(null, new Dictionary<string, object?>()));

    public void Key(ReadOnlySpan<byte> utf8) => _open.Peek().Key = Encoding.UTF8.GetString(utf8);

    public void EndMap() => Add(_open.Pop().Map);

    private void Add(object? value)
    {
        _last = value;
        if (_open.TryPeek(out var container))
        {
            container.List?.Add(value);

            // A key that comes twice has its last value, as in Python.
            container.Map?[container.Key] = value;
        }
    }

    private sealed class Container(List<object?>? list, Dictionary<string, object?>? map)
    {
        public List<object?>? List { get; } = list;

        public Dictionary<string, object?>? Map { get; } = map;

        public string Key { get; set; } = "";
    }
}
